/** Files from Handlebars templates. */
import { isRunnerError, messageOf } from '../../core/errors';
import type { Applied, Resource } from '../../core/module';
import type { Attributes } from './attributes';
import type { Content } from './content';
import { place } from './place';
import { readTemplate, renderContent, type TemplateValues } from './render';
import type { Replacing } from './replace';

export { renderContent, renderTemplate, renderTemplateFile, type TemplateValues } from './render';

export interface TemplateParams extends Attributes, Replacing {
  /** Where it goes on the host, absolute. */
  readonly path: string;
  /** The template on the controller, absolute: `join(__dirname, 'templates/x.hbs')` starts at the playbook's folder. */
  readonly template: string;
  /** What the template may ask for. A `Secret` among them makes the whole file one: never shown, mode 0600 unless said. */
  readonly values: TemplateValues;
}

/**
 * A file is what a Handlebars template gives with these values. Rendering is strict: a name that is not defined, wherever it stands, is an
 * error that names template and line, before any host is touched where the values are known then. Otherwise as file.copy.
 * @see renderTemplate for the language
 */
export function template(params: TemplateParams): Resource<Applied> {
  const { template: path, values, ...rest } = params;
  return place('file.template', { ...rest, ...render(path, values) });
}

function render(path: string, values: TemplateValues): { content: Content; problems: string[] } {
  try {
    return { content: renderContent(readTemplate(path), values, path), problems: [] };
  } catch (error) {
    if (!isRunnerError(error)) throw error;
    return { content: '', problems: [error.hint === undefined ? messageOf(error) : `${messageOf(error)}; ${error.hint}`] };
  }
}
