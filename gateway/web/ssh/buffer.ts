// The Buffer that the SSH library takes and gives: Node's own, or in pages npm's package of the same name.

// biome-ignore lint/style/useNodejsImportProtocol: with "node:" a page could not have the package in its place
export { Buffer } from "buffer";
