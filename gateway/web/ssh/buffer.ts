// The Buffer that the SSH library takes and gives: Node's own, or in pages npm's package of the same name.

export { Buffer } from "buffer";
