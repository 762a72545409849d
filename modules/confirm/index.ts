/** Questions to the user. */
export { ask, type AskParams } from './ask';
