import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfigFile } from './config-file.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-config-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

function read(content: unknown) {
  const file = path.join(folder, 'config.json');
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return readConfigFile(file);
}

describe('readConfigFile', () => {
  it('takes paths as relative to the folder of the file, and leaves names alone', () => {
    const absolute = path.resolve('/data/rows.jsonl');
    const { model, data, method } = read({
      model: { base: 'model' },
      data: { path: 'hub:owner/name', validationPath: absolute },
      method: { initAdapter: '../adapter' },
    });
    expect(model.base).toBe(path.join(folder, 'model'));
    expect(data).toMatchObject({ path: 'hub:owner/name', validationPath: absolute });
    expect(method.initAdapter).toBe(path.join(path.dirname(folder), 'adapter'));
    expect(read({})).toMatchObject({
      model: { base: 'bundled' },
      data: { path: 'bundled', validationPath: '' },
      method: { initAdapter: '' },
    });
  });

  it('looks in the current folder for what is not beside the file', () => {
    expect(read({ data: { path: 'package.json' } }).data.path).toBe(path.resolve('package.json'));
    fs.writeFileSync(path.join(folder, 'package.json'), '');
    expect(read({ data: { path: 'package.json' } }).data.path).toBe(path.join(folder, 'package.json'));
  });

  it('takes an initial adapter at the top, unless there is another in the method', () => {
    const { method } = read({ initAdapter: 'adapter', method: { rank: 4 } });
    expect(method).toMatchObject({ rank: 4, initAdapter: path.join(folder, 'adapter') });
    expect(() => read({ initAdapter: 'a', method: { initAdapter: 'b' } })).toThrow('initAdapter: There is no such field.');
  });

  it('says what is wrong with a file', () => {
    expect(() => readConfigFile(path.join(folder, 'none.json'))).toThrow('There is no configuration');
    expect(() => readConfigFile(folder)).toThrow(/cannot be read.*Give the path of a JSON file\./);
    expect(() => read('{"model": }')).toThrow(/config\.json cannot be read: Unexpected token.* Mend its JSON\./);
    expect(() => read([])).toThrow('The configuration is not valid: configuration: It must be an object.');
    expect(() => read({ schedule: { epoch: 1 }, optimizer: { learningRate: 7 } })).toThrow(
      /optimizer\.learningRate: It must be at most 1\.; schedule\.epoch: There is no such field\./,
    );
  });
});
