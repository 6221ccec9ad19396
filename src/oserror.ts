// The values of package os that package syscall compares with; os.ts hands them on under their public names.

import { sentinel } from "./errorvalue.js";

/** ErrInvalid says that an argument is not valid. */
export const ErrInvalid = sentinel("os.ErrInvalid", "invalid argument");

/** ErrPermission says that the permission is missing; EACCES and EPERM are it. */
export const ErrPermission = sentinel("os.ErrPermission", "permission denied");

/** ErrExist says that the file is there already; EEXIST and ENOTEMPTY are it. */
export const ErrExist = sentinel("os.ErrExist", "file already exists");

/** ErrNotExist says that there is no such file; ENOENT is it. */
export const ErrNotExist = sentinel("os.ErrNotExist", "file does not exist");

/** ErrClosed says that a file was used after its Close. A closed network connection fails with net.ErrClosed. */
export const ErrClosed = sentinel("os.ErrClosed", "file already closed");
