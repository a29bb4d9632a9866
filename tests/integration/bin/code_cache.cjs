// Loads the CDK CLI with what V8 has compiled of it before: a start takes a third less of the CPU.
//
// Node.js 22 can do the like by itself, but keeps only what it has compiled before the first line
// runs. V8 compares version, flags and checksums, and compiles again what does not fit.
'use strict';

const fs = require('fs');
const Module = require('module');
const path = require('path');
const vm = require('vm');

const cache = path.join(__dirname, '..', '..', '..', '.make', 'code-cache');
const cli = path.join('aws-cdk', 'lib', 'index.js');
const loader = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;

if (loader) {
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    if (!filename.endsWith(cli)) {
      return compile.call(this, content, filename, ...rest);
    }
    const { version } = require(path.join(filename, '..', '..', 'package.json'));
    const file = path.join(cache, `aws-cdk-${version}-node-${process.version}`);
    const cachedData = fs.existsSync(file) ? fs.readFileSync(file) : undefined;
    const script = new vm.Script(Module.wrap(content), {
      filename,
      cachedData,
      importModuleDynamically: loader,
    });
    if (!cachedData || script.cachedDataRejected) {
      // At the end, when all functions that were called are compiled.
      process.on('exit', () => {
        try {
          fs.mkdirSync(cache, { recursive: true });
          fs.writeFileSync(`${file}.${process.pid}`, script.createCachedData());
          fs.renameSync(`${file}.${process.pid}`, file);
        } catch {
          // What cannot be kept is compiled again the next time.
        }
      });
    }
    const load = script.runInThisContext();
    const need = Module.createRequire(filename);
    return load.call(this.exports, this.exports, need, this, filename, path.dirname(filename));
  };
}
