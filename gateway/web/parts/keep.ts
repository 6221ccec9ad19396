// While something is open, leaving the page asks first: the connections and the token would be gone.

let open = 0;

function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** keepPage asks before leaving until the function it returns is called. */
export function keepPage(): () => void {
  open++;
  addEventListener("beforeunload", ask);
  let isHeld = true;
  return () => {
    open -= isHeld ? 1 : 0;
    isHeld = false;
    if (open === 0) {
      removeEventListener("beforeunload", ask);
    }
  };
}
