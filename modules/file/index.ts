/** Files, directories and links on hosts. */
export { absent, type AbsentParams } from './absent';
export { type Attributes } from './attributes';
export { backup, backupPath } from './backup';
export { type Content } from './content';
export { copy, type CopyParams } from './copy';
export { directory, type DirectoryParams } from './directory';
export { existing, type ExistingParams } from './existing';
export { fetch, type Fetched, type FetchParams } from './fetch';
export { line, type LineParams } from './line';
export { link, type LinkParams } from './link';
export { type FileType } from '../../core/path-facts';
export { present, type PresentParams } from './present';
export { stat, type FileStat, type NoFile, type StatParams } from './stat';
export { renderTemplate, renderTemplateFile, template, type TemplateParams, type TemplateValues } from './template';
export { textDiff } from './text-diff';
export { tree, type TreeParams } from './tree';
