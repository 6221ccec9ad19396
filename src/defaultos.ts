// Package os as the module itself has it, bound to the default gateway.

import { defaultSurface } from "./connect.js";

export * from "./os.js";

/** File is an open file of the gateway. */
export { File } from "./osfile.js";

/** NewFile makes a File of a file number; null if fd is below 0. */
export const NewFile = defaultSurface.os.NewFile;
