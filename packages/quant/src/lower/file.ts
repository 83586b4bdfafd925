export { readInteger } from './file/read.js';
export { writeInteger } from './file/write.js';
