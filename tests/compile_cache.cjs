// A code cache for the largest scripts, as NODE_COMPILE_CACHE is from Node.js 22.1 on: half of the start of
// the CDK CLI is the compilation of its one file of 16 MB. V8 itself refuses the cache of another
// version or of another source.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const vm = require("node:vm");

const LARGE = 4_000_000;
const FOLDER = process.env.NODE_COMPILE_CACHE;
const loader = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
const compile = Module.prototype._compile;

function compileWithCache(content, filename, ...more) {
  if (content.length < LARGE) {
    return compile.call(this, content, filename, ...more);
  }
  const { mtimeMs } = fs.statSync(filename);
  const key = `${process.version}-${filename}-${mtimeMs}`.replace(/[^\w.-]/g, "_").slice(-200);
  const file = path.join(FOLDER, key);
  const cachedData = fs.existsSync(file) ? fs.readFileSync(file) : undefined;
  const source = Module.wrap(content.replace(/^#!/, "//"));
  const script = new vm.Script(source, { filename, cachedData, importModuleDynamically: loader });
  if (!cachedData || script.cachedDataRejected) {
    process.on("exit", () => keep(script, file));
  }
  const own = (id) => this.require(id);
  Object.assign(own, Module.createRequire(filename), { main: process.mainModule });
  const run = script.runInThisContext();
  return run.call(this.exports, this.exports, own, this, filename, path.dirname(filename));
}

/** At the end the cache holds the functions that were called, too. */
function keep(script, file) {
  try {
    fs.mkdirSync(FOLDER, { recursive: true });
    fs.writeFileSync(`${file}.${process.pid}`, script.createCachedData());
    fs.renameSync(`${file}.${process.pid}`, file);
  } catch {
    // The next start compiles again.
  }
}

if (FOLDER && loader && !Module.enableCompileCache) {
  Module.prototype._compile = compileWithCache;
}
