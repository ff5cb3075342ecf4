import { createServer } from 'node:http';
import { reasonOf, ScriptError } from '../script_error.js';
import { say } from '../terminal.js';

/** Both are `localhost`: whoever has one of them has the page's address. */
const LOOPBACK = ['127.0.0.1', '::1'];
const LAST_PORT = 65_535;

/**
 * @typedef {object} RunningServer
 * @property {number} port
 * @property {string} url
 * @property {() => Promise<void>} close
 */

/**
 * Serves on the first free port from `port` on.
 * @param {readonly import('./static_files.js').RequestHandler[]} handlers each is asked in turn
 * @param {{ host?: string | undefined, port: number }} options without a host only this machine is served
 * @returns {Promise<RunningServer>}
 * @throws ScriptError
 */
export async function listen(handlers, { host, port: wanted }) {
  const handler = chain(handlers);
  for (let port = wanted; port <= LAST_PORT; port++) {
    const servers = await listenOnAll(handler, host === undefined ? LOOPBACK : [host], port);
    const [first] = servers;
    if (!first) continue;
    const { port: bound } = /** @type {import('node:net').AddressInfo} */ (first.address());
    return {
      port: bound,
      url: `http://${inUrl(host ?? 'localhost')}:${bound}/`,
      async close() {
        await Promise.all(servers.map(close));
      },
    };
  }
  throw new ScriptError(`No port from ${wanted} on is free. Choose a lower one with --port.`);
}

/**
 * @param {import('node:http').RequestListener} handler
 * @param {readonly string[]} hosts those that this machine lacks are left out
 * @param {number} port 0: any
 * @returns {Promise<import('node:http').Server[]>} empty: the port is taken
 */
async function listenOnAll(handler, hosts, port) {
  /** @type {import('node:http').Server[]} */
  const servers = [];
  let at = port;
  for (const host of hosts) {
    const server = createServer(handler);
    const problem = await bind(server, host, at);
    if (problem === null) {
      servers.push(server);
      at = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
    } else if (problem === 'EADDRINUSE') {
      await Promise.all(servers.map(close));
      return [];
    } else if (problem === 'EACCES') {
      throw new ScriptError(
        `This user may not serve on port ${port}. Choose one above 1023 with --port.`,
      );
    } else if (hosts.length === 1) {
      throw new ScriptError(
        `"${host}" is no address of this machine (${problem}). Leave out --host to serve this machine only, or give 0.0.0.0 for all of its addresses.`,
      );
    }
  }
  if (servers.length === 0) {
    throw new ScriptError(
      'This machine has no loopback address. Give one that it has with --host.',
    );
  }
  return servers;
}

/**
 * @param {import('node:http').Server} server
 * @param {string} host
 * @param {number} port
 * @returns {Promise<string | null>} the error's code; null when it worked
 */
function bind(server, host, port) {
  return new Promise((resolve) => {
    server.once('error', (/** @type {NodeJS.ErrnoException} */ { code, message }) => {
      resolve(code ?? message);
    });
    server.listen({ host, port }, () => resolve(null));
  });
}

/** @param {import('node:http').Server} server */
function close(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}

/**
 * @param {readonly import('./static_files.js').RequestHandler[]} handlers
 * @returns {import('node:http').RequestListener}
 */
function chain(handlers) {
  return async (request, response) => {
    try {
      for (const handler of handlers) {
        let passed = false;
        await handler(request, response, () => {
          passed = true;
        });
        if (!passed) return;
      }
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('There is no such file here.\n');
    } catch (error) {
      say(`${request.url} could not be answered: ${reasonOf(error)}`);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }
  };
}

/** @param {string} host */
function inUrl(host) {
  return host.includes(':') ? `[${host}]` : host;
}
