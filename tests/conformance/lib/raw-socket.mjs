// Conversations over a WebSocket, frame by frame, without a client library that would mend them.
import WebSocket from "ws";

import { patience } from "./stack.mjs";

export const PROTOCOL = "graphql-transport-ws";

/**
 * Open a socket, send all frames at once, and listen until it closes or `enough` frames have come.
 *
 * Strings and buffers are sent as they are, anything else as JSON. Gives {opened, status, received, code, reason}:
 * `status` of a refused handshake, `code` of the server's close frame (null where it was still open).
 */
export function converse(url, frames, { protocols = [PROTOCOL], headers = {}, enough = Infinity } = {}) {
  return new Promise((resolve, reject) => {
    const told = { opened: false, status: null, received: [], code: null, reason: null };
    const socket = new WebSocket(url, protocols, { headers });
    const finish = () => {
      clearTimeout(timer);
      socket.terminate();
      resolve(told);
    };
    const timer = setTimeout(() => {
      socket.terminate();
      reject(new Error(`neither closed nor answered in ${patience} ms; so far ${JSON.stringify(told)}`));
    }, patience);
    socket.on("open", () => {
      told.opened = true;
      if (enough === 0) return finish();
      for (const frame of frames) {
        socket.send(typeof frame === "string" || frame instanceof Buffer ? frame : JSON.stringify(frame));
      }
    });
    socket.on("message", (data, binary) => {
      told.received.push(binary ? { binary: true } : JSON.parse(data.toString()));
      if (told.received.length >= enough) finish();
    });
    socket.on("close", (code, reason) => {
      told.code = code;
      told.reason = reason.toString();
      finish();
    });
    socket.on("unexpected-response", (request, response) => {
      told.status = response.statusCode;
      finish();
    });
    socket.on("error", (error) => {
      told.reason ??= error.message;
    });
  });
}
