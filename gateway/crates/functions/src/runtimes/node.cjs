// Runs Node.js functions: a client of Lambda's runtime API that starts fast.
//
// One connection, on which one request goes out in one write. Names, error documents and log lines are those of
// Lambda's own runtime (aws-lambda-nodejs-runtime-interface-client). CommonJS, since the loader of modules takes longer
// to start than all of this.
'use strict';

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const util = require('node:util');

const PREFIX = '/2018-06-01/runtime/';
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const FUNCTION_EXPORT = /^([^.]*)\.(.*)$/;
const RELATIVE = '..';

let requestId;

/** What the runtime finds wrong, as against what the function throws. */
class Fault extends Error {
  constructor(name, message, stack) {
    super(message);
    this.name = name;
    if (stack) this.stack = stack;
  }
}

/** One connection to the runtime API, for one request at a time. */
class Api {
  constructor(address) {
    const colon = address.lastIndexOf(':');
    this.host = address;
    this.received = Buffer.alloc(0);
    this.waiting = null;
    this.socket = net.connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)), noDelay: true });
    this.socket.on('data', (data) => this.take(data));
    this.socket.on('error', () => process.exit(1));
    this.socket.on('close', () => process.exit(1));
  }

  async next() {
    this.socket.ref();
    const { status, headers, body } = await this.request('GET', 'invocation/next', {}, null);
    // While the function runs, the connection does not keep the event loop from being empty.
    this.socket.unref();
    if (status !== 200) process.exit(1);
    return { headers, body };
  }

  post(to, body, headers = {}) {
    this.socket.ref();
    const bytes = Buffer.from(body);
    return this.request('POST', to, { 'Content-Type': 'application/json', ...headers, 'Content-Length': bytes.length }, bytes);
  }

  head(method, to, headers) {
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `${method} ${PREFIX}${to} HTTP/1.1\r\nHost: ${this.host}\r\nUser-Agent: gateway-nodejs\r\n${fields}\r\n`;
  }

  request(method, to, headers, body) {
    const head = Buffer.from(this.head(method, to, headers), 'latin1');
    this.socket.write(body ? Buffer.concat([head, body]) : head);
    return this.answer();
  }

  answer() {
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  take(data) {
    this.received = this.received.length ? Buffer.concat([this.received, data]) : data;
    const answer = parse(this.received);
    if (!answer || !this.waiting) return;
    this.received = this.received.subarray(answer.used);
    const waiting = this.waiting;
    this.waiting = null;
    waiting(answer);
  }
}

/** An answer that is there as a whole. */
function parse(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const lines = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number(lines[0].split(' ')[1]);
  if ((headers['transfer-encoding'] || '').toLowerCase() === 'chunked') {
    return parseChunks(bytes, end + 4, status, headers);
  }
  const used = end + 4 + Number(headers['content-length'] || 0);
  if (bytes.length < used) return null;
  return { status, headers, body: bytes.subarray(end + 4, used), used };
}

function parseChunks(bytes, from, status, headers) {
  const chunks = [];
  for (let at = from; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return null;
    const size = parseInt(bytes.toString('latin1', at, end), 16);
    const after = end + 2 + size + 2;
    if (bytes.length < after) return null;
    if (size === 0) return { status, headers, body: Buffer.concat(chunks), used: after };
    chunks.push(bytes.subarray(end + 2, after - 2));
    at = after;
  }
}

/** The lines of `console`, each one event of the log. */
function patchConsole() {
  const write = (level) => (...values) => {
    const text = util.format(...values).replace(/\n/g, '\r');
    put(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
  };
  console.log = write('INFO');
  console.info = write('INFO');
  console.debug = write('DEBUG');
  console.warn = write('WARN');
  console.error = write('ERROR');
  console.trace = (...values) => {
    const trace = { name: 'Trace', message: util.format(...values) };
    Error.captureStackTrace(trace, console.trace);
    write('TRACE')(trace.stack);
  };
  console.fatal = write('FATAL');
}

/** Writes to standard output, which may be full or not block. */
function put(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function isError(value) {
  return value && value.name !== undefined && value.message !== undefined && value.stack !== undefined;
}

/** The error document. */
function describe(error) {
  try {
    if (util.types.isNativeError(error) || isError(error)) {
      return {
        errorType: error.name?.replaceAll('\x7F', '%7F'),
        errorMessage: error.message?.replaceAll('\x7F', '%7F'),
        trace: error.stack.replaceAll('\x7F', '%7F').split('\n'),
      };
    }
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
  } catch {
    const errorMessage =
      'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack';
    return { errorType: 'handled', errorMessage };
  }
}

function logError(title, error) {
  let shown;
  try {
    if (isError(error) || util.types.isNativeError(error)) {
      shown = { errorType: error.name, errorMessage: error.message, ...own(error), stack: error.stack.split('\n') };
    } else {
      shown = error;
    }
    put(`${new Date().toISOString()}\t${requestId}\tERROR\t${title}\t${JSON.stringify(shown)}\n`);
  } catch {
    put(`${new Date().toISOString()}\t${requestId}\tERROR\t${title}\n`);
  }
}

/** What an error has beside its name, message and stack. */
function own(error) {
  const { name, message, stack, ...rest } = error;
  return rest;
}

async function load(appRoot, handler) {
  if (handler.includes(RELATIVE)) {
    const message = `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`;
    throw new Fault('Runtime.MalformedHandlerName', message);
  }
  const base = path.basename(handler);
  const directory = handler.substring(0, handler.indexOf(base));
  const parts = base.match(FUNCTION_EXPORT);
  if (!parts || parts.length !== 3) throw new Fault('Runtime.MalformedHandlerName', 'Bad handler');
  const loaded = await loadModule(appRoot, directory, parts[1]);
  let found = loaded;
  for (const name of parts[2].split('.')) found = found?.[name];
  if (found === undefined || found === null) {
    throw new Fault('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  }
  if (typeof found !== 'function') throw new Fault('Runtime.HandlerNotFound', `${handler} is not a function`);
  return found;
}

async function loadModule(appRoot, directory, name) {
  const file = path.resolve(appRoot, directory, name);
  try {
    if (fs.existsSync(`${file}.js`)) {
      return isModulePackage(path.dirname(file)) ? await importFile(`${file}.js`) : require(`${file}.js`);
    }
    if (fs.existsSync(`${file}.mjs`)) return await importFile(`${file}.mjs`);
    if (fs.existsSync(`${file}.cjs`)) return require(`${file}.cjs`);
    return require(require.resolve(name, { paths: [appRoot, path.resolve(appRoot, directory)] }));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault('Runtime.UserCodeSyntaxError', String(error), error.stack);
    const isMissing = error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND';
    if (isMissing) throw new Fault('Runtime.ImportModuleError', String(error), error.stack);
    throw error;
  }
}

function importFile(file) {
  return import(require('node:url').pathToFileURL(file).href);
}

/** Whether the nearest package.json says that `.js` files are ES modules. */
function isModulePackage(directory) {
  for (let at = directory; ; at = path.dirname(at)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(at, 'package.json'), 'utf8')).type === 'module';
    } catch (error) {
      if (error.code !== 'ENOENT' || at === path.dirname(at)) return false;
    }
  }
}

function context(headers, callbackState) {
  const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    get callbackWaitsForEmptyEventLoop() {
      return callbackState.waits;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      callbackState.waits = value;
    },
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed('lambda-runtime-client-context'),
    identity: parsed('lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
    // These wait for nothing, whatever callbackWaitsForEmptyEventLoop says.
    done: (error, result) => callbackState.complete(error, result),
    fail: (error) => callbackState.complete(error ?? 'handled'),
    succeed: (result) => callbackState.complete(null, result),
  };
}

/** Settles when the function has a result: it returned a promise, called back, or left nothing to wait for. */
function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    let isDone = false;
    const settle = (error, result) => {
      process.removeListener('beforeExit', onEmpty);
      if (error !== undefined && error !== null) reject(error);
      else resolve(result);
    };
    let outcome = [null, null];
    const onEmpty = () => settle(...outcome);
    const state = {
      waits: true,
      callback: (error, result) => {
        if (isDone) return;
        isDone = true;
        outcome = [error, result];
        // An error is told at once; a result waits for an empty event loop, unless it is not to.
        const isError = error !== undefined && error !== null;
        if (isError || !state.waits) setImmediate(onEmpty);
      },
      complete: (error, result) => {
        state.waits = false;
        state.callback(error, result);
      },
    };
    // The event loop is empty: what was called back is the result, or there is none.
    process.once('beforeExit', onEmpty);
    const fail = (error) => {
      process.removeListener('beforeExit', onEmpty);
      reject(error);
    };
    try {
      const returned = handler(event, context(headers, state), state.callback);
      if (returned && typeof returned.then === 'function') {
        isDone = true;
        returned.then((result) => settle(null, result), fail);
      }
    } catch (error) {
      fail(error);
    }
  });
}

function stringify(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

/** A streamed response: chunks of an HTTP request that begins with the first of them. */
function responseStream(api, id) {
  const { Writable } = require('node:stream');
  let hasBegun = false;
  let contentType = 'application/octet-stream';
  let answer;
  const begin = () => {
    if (hasBegun) return;
    hasBegun = true;
    api.socket.ref();
    answer = api.answer();
    const headers = {
      'Content-Type': contentType,
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
    };
    api.socket.write(api.head('POST', `invocation/${id}/response`, { ...headers, Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body' }));
  };
  const stream = new Writable({
    write(chunk, encoding, done) {
      begin();
      if (chunk.length === 0) return done();
      const head = Buffer.from(`${chunk.length.toString(16)}\r\n`);
      api.socket.write(Buffer.concat([head, chunk, Buffer.from('\r\n')]), done);
    },
  });
  stream.setContentType = (type) => {
    if (hasBegun) throw new Fault('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.');
    contentType = type;
  };
  stream.hasBegun = () => hasBegun;
  stream.conclude = (trailers) => {
    begin();
    api.socket.write(`0\r\n${trailers}\r\n`);
    return answer;
  };
  return stream;
}

async function invokeStreaming(api, handler, event, headers) {
  const id = headers['lambda-runtime-aws-request-id'];
  const stream = responseStream(api, id);
  const finished = new Promise((resolve, reject) => {
    stream.once('finish', resolve);
    stream.once('error', reject);
  });
  // While the function streams, the connection is what the event loop waits for.
  api.socket.ref();
  try {
    finished.catch(() => {});
    await handler(event, stream, context(headers, { waits: false, callback() {}, complete() {} }));
    if (!stream.writableEnded) stream.end();
    await finished;
    await stream.conclude('');
  } catch (error) {
    logError('Invoke Error ', error);
    const document = describe(error);
    const type = errorHeader(document);
    if (!stream.hasBegun()) return postError(api, `invocation/${id}/error`, document);
    const body = Buffer.from(JSON.stringify(document)).toString('base64');
    await stream.conclude(`Lambda-Runtime-Function-Error-Type: ${type}\r\nLambda-Runtime-Function-Error-Body: ${body}\r\n`);
  }
}

function errorHeader(document) {
  return String(document.errorType).replace(/[^\x20-\x7e]/g, '?');
}

function postError(api, to, document) {
  return api.post(to, JSON.stringify(document), { 'Lambda-Runtime-Function-Error-Type': errorHeader(document) });
}

function installStreaming() {
  globalThis.awslambda = {
    streamifyResponse: (handler, options) => {
      handler[STREAMING] = 'response';
      if (options?.highWaterMark !== undefined) handler.highWaterMark = options.highWaterMark;
      return handler;
    },
    HttpResponseStream: {
      from: (stream, prelude) => {
        stream.setContentType('application/vnd.awslambda.http-integration-response');
        stream.write(JSON.stringify(prelude));
        stream.write(Buffer.alloc(8));
        return stream;
      },
    },
  };
}

/** Ends the process as an error that nobody caught does: the invocation, or the start, failed. */
function installLastResort() {
  const end = (title, error, code) => {
    logError(title, error);
    const to = requestId === undefined ? 'init/error' : `invocation/${requestId}/error`;
    const leave = () => process.exit(code);
    // On a connection of its own: on the other a request may be under way.
    postError(new Api(process.env.AWS_LAMBDA_RUNTIME_API), to, describe(error)).then(leave, leave);
  };
  process.on('uncaughtException', (error) => end('Uncaught Exception ', error, 129));
  process.on('unhandledRejection', (reason, promise) => {
    const error = new Fault('Runtime.UnhandledPromiseRejection', reason?.toString());
    error.reason = reason;
    error.promise = promise;
    end('Unhandled Promise Rejection ', error, 128);
  });
}

async function main() {
  patchConsole();
  installStreaming();
  const api = new Api(process.env.AWS_LAMBDA_RUNTIME_API);
  installLastResort();
  let handler;
  try {
    handler = await load(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
  } catch (error) {
    logError('Uncaught Exception ', error);
    await postError(api, 'init/error', describe(error));
    process.exit(1);
  }
  for (;;) {
    const { headers, body } = await api.next();
    requestId = headers['lambda-runtime-aws-request-id'];
    if (headers['lambda-runtime-trace-id']) process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    else delete process.env._X_AMZN_TRACE_ID;
    try {
      const event = JSON.parse(body.toString('utf8'));
      if (handler[STREAMING]) {
        await invokeStreaming(api, handler, event, headers);
        continue;
      }
      const result = stringify(await run(handler, event, headers));
      await api.post(`invocation/${requestId}/response`, result);
    } catch (error) {
      logError('Invoke Error ', error);
      await postError(api, `invocation/${requestId}/error`, describe(error));
    }
  }
}

main();
