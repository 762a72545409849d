/** Files from Handlebars templates. */
export { renderContent, renderTemplate, renderTemplateFile, type TemplateValues } from './render';
