// What all error types of this package share: brands, equality by value, shared values, counts.

/** GoError is what every error of this package offers: Go's Error method beside the platform's Error. */
export interface GoError extends Error {
  /** Error returns the text Go prints, the same as message. */
  Error(): string;
  /** n is how many bytes were done before the error; absent means 0. */
  n?: number;
  /** results holds what was found nevertheless, where Go returns results together with an error. */
  results?: unknown;
}

// Registered symbols, so that two copies of this package in one program recognise each other's errors.
const valueMark = Symbol.for("gonet.errorValue");
const freshMark = Symbol.for("gonet.fresh");

/**
 * brand makes `instanceof c` true for objects of the class of that name from any copy of this package, and gives an
 * error class its name. A subclass made by somebody else keeps the ordinary rule.
 */
export function brand(c: { readonly prototype: object }, name: string): void {
  const mark = Symbol.for(`gonet.${name}`);
  Object.defineProperty(c.prototype, mark, { value: true });
  if (c.prototype instanceof Error) {
    // On the prototype, so that the stack of a new error begins with it.
    Object.defineProperty(c.prototype, "name", { value: name, writable: true, configurable: true });
  }
  Object.defineProperty(c, Symbol.hasInstance, {
    value(this: unknown, v: unknown): boolean {
      if (this === c) {
        return typeof v === "object" && v !== null && mark in v;
      }
      return Function.prototype[Symbol.hasInstance].call(this, v);
    },
  });
}

/**
 * markValue says that err is equal to every error with the same key, as two equal values of a Go type that is not a
 * pointer are: "net.UnknownNetworkError:foo".
 */
export function markValue(err: Error, key: string): void {
  Object.defineProperty(err, valueMark, { value: key });
}

/** ValueOptions are the parts of a shared error value beside its text. */
export interface ValueOptions {
  /** timeout, temporary are the answers of the methods of that name; without timeout the value has neither. */
  readonly timeout?: boolean;
  readonly temporary?: boolean;
  /** is lists further values that errors.Is finds in this one. */
  readonly is?: readonly Error[];
}

/** errorString is an error that is nothing but its text. */
export class errorString extends Error implements GoError {
  declare n?: number;
  declare results?: unknown;

  Error(): string {
    return this.message;
  }
}

class errorValue extends errorString {
  readonly #is: readonly Error[];

  constructor(text: string, is: readonly Error[]) {
    super(text);
    this.#is = is;
  }

  Is(target: unknown): boolean {
    return this.#is.some((v) => same(v, target));
  }
}

class timeoutValue extends errorValue {
  readonly #timeout: boolean;
  readonly #temporary: boolean;

  constructor(text: string, is: readonly Error[], timeout: boolean, temporary: boolean) {
    super(text, is);
    this.#timeout = timeout;
    this.#temporary = temporary;
  }

  Timeout(): boolean {
    return this.#timeout;
  }

  Temporary(): boolean {
    return this.#temporary;
  }
}

/** TimeoutValue is a shared error value that answers Timeout and Temporary, so it is a net.Error. */
export interface TimeoutValue extends GoError {
  Timeout(): boolean;
  Temporary(): boolean;
}

/**
 * sentinel makes one of the shared error values, frozen. The key names it in every copy of this package; where
 * Go's value can be compared, so can this one, with {@link Is}.
 */
export function sentinel(
  key: string,
  text: string,
  options: ValueOptions & { readonly timeout: boolean },
): TimeoutValue;
export function sentinel(key: string, text: string, options?: ValueOptions): GoError;
export function sentinel(key: string, text: string, options: ValueOptions = {}): GoError {
  const is = options.is ?? [];
  const make = (): GoError => {
    const e =
      options.timeout === undefined
        ? new errorValue(text, is)
        : new timeoutValue(text, is, options.timeout, options.temporary ?? options.timeout);
    markValue(e, key);
    return e;
  };
  return share(make(), make);
}

/**
 * share freezes err as the one object of its value; fresh makes an equal one that may carry fields of its own. The
 * stack goes: it would tell where this package was loaded, not where anything failed.
 */
export function share<E extends Error>(err: E, fresh: () => E): E {
  Object.defineProperty(err, "stack", { value: `${err.name}: ${err.message}` });
  Object.defineProperty(err, freshMark, { value: fresh });
  return Object.freeze(err);
}

/**
 * withCount returns err carrying n, the number of bytes done before it. A shared value is left alone: what comes back
 * then is a fresh object that {@link Is} still finds equal. If n is 0 a shared value comes back as it is.
 */
export function withCount<E extends Error>(err: E, n: number): E & { n?: number } {
  const fresh = (err as { [freshMark]?: () => Error })[freshMark];
  if (fresh === undefined) {
    return Object.isExtensible(err) ? Object.assign(err, { n }) : err;
  }
  return n === 0 ? err : (Object.assign(fresh(), { n }) as E & { n: number });
}

/** freshValue is an object of the value of err, for those who note something about it: a shared one cannot take that. */
export function freshValue<E extends Error>(err: E): E {
  const fresh = (err as { [freshMark]?: () => E })[freshMark];
  return fresh === undefined ? err : fresh();
}

/** same reports whether Go's == would hold between two errors: one object, or two equal values. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) {
    return true;
  }
  const key = valueKey(a);
  return key !== undefined && key === valueKey(b);
}

function valueKey(v: unknown): string | undefined {
  return typeof v === "object" && v !== null ? (v as { [valueMark]?: string })[valueMark] : undefined;
}
