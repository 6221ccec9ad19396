// Ancillary data that is received: how much of it fits, and what becomes of the files in the rest. They are open at the
// gateway, and nobody else would close them.

import { CmsgLen, CmsgSpace, ParseSocketControlMessage, SCM_RIGHTS, SOL_SOCKET } from "./syscall.js";
import type { Session } from "./wire/session.js";

const rightBytes = 4;
const headerBytes = CmsgLen(0);

// What the gateway sends is well-formed as far as it reaches; a gateway of another mind gives nothing.
function parse(oob: Uint8Array): ReturnType<typeof ParseSocketControlMessage> {
  try {
    return ParseSocketControlMessage(oob);
  } catch {
    return [];
  }
}

function closeFiles(session: Session, data: Uint8Array): void {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (let at = 0; at + rightBytes <= data.length; at += rightBytes) {
    const number = view.getInt32(at, true);
    if (number >= 0) {
      session.call("closeFile", [number]).catch(() => {}); // it went with the session
    }
  }
}

/** dropRights closes the files that came with a message that nobody wanted to see. */
export function dropRights(session: Session, oob: Uint8Array): void {
  if (oob.length === 0) {
    return;
  }
  for (const { Header: header, Data: data } of parse(oob)) {
    if (header.Level === SOL_SOCKET && header.Type === SCM_RIGHTS) {
      closeFiles(session, data);
    }
  }
}

/**
 * cutOOB copies ancillary data into the caller's buffer and cuts off what does not fit as a kernel does (recvmsg(2),
 * cmsg(3)): of descriptors as many whole ones as there is room for, of other messages the bytes. The files that are
 * cut off are closed.
 */
export function cutOOB(
  session: Session,
  came: Uint8Array,
  into: Uint8Array,
): { readonly n: number; readonly isCut: boolean } {
  if (came.length <= into.length) {
    into.set(came);
    return { n: came.length, isCut: false };
  }
  let n = 0;
  let isCut = false;
  for (const { Header: header, Data: data } of parse(came)) {
    const room = into.length - n;
    const isRights = header.Level === SOL_SOCKET && header.Type === SCM_RIGHTS;
    const dataRoom = Math.max(0, room - headerBytes);
    const kept = Math.min(data.length, isRights ? dataRoom - (dataRoom % rightBytes) : dataRoom);
    isCut ||= kept < data.length;
    if (isRights) {
      closeFiles(session, data.subarray(kept));
    }
    if (room < headerBytes || (isRights && kept === 0)) {
      isCut = true;
      continue;
    }
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    view.setUint32(n, CmsgLen(kept), true);
    view.setUint32(n + 4, 0, true);
    view.setInt32(n + 8, header.Level, true);
    view.setInt32(n + 12, header.Type, true);
    into.set(data.subarray(0, kept), n + headerBytes);
    n += Math.min(room, CmsgSpace(kept));
  }
  return { n, isCut };
}
