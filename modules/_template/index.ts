/** Releases of a program in folders of their own: the example of docs/writing-a-module.md, to copy for a new module. */
export { current, type CurrentParams } from './current';
export { list, type ListParams } from './list';
