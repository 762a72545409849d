import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

import type { Json, JsonMap, KubeObject } from './objects';
import { ApiError, listOf, mapOf, numberOf, parseJson, parseObject, textOf } from './objects';
import { groupVersion, resource, resourcePath } from './resources';

/** How long a request may take, in milliseconds. */
const requestMs = 8000;

/** A client of the API with the server and the certificate of a kubeconfig. */
export class Client {
  private readonly agent: Agent;
  private readonly server: string;

  /** @param kubeconfig path of a kubeconfig with one cluster and one user, certificates given as files. */
  constructor(kubeconfig: string) {
    const text = readFileSync(kubeconfig, 'utf8');
    const field = (name: string): string => {
      const value = new RegExp(`^\\s*${name}:\\s*(\\S+)\\s*$`, 'm').exec(text)?.[1];
      if (value === undefined) throw new Error(`${kubeconfig} has no ${name}`);
      return value;
    };
    this.server = field('server');
    const [ca, cert, key] = [field('certificate-authority'), field('client-certificate'), field('client-key')].map((path) => readFileSync(path));
    this.agent = new Agent({ keepAlive: true, maxSockets: 4, ca, cert, key });
  }

  /** All objects of a resource, in one namespace or in all. */
  async list(plural: string, namespace?: string, query = ''): Promise<KubeObject[]> {
    const of = resource(plural);
    const answer = await this.send('GET', `${resourcePath(of, namespace)}${query}`);
    return listOf(mapOf(answer)['items']).map(parseObject);
  }

  /** An object, undefined when there is none. */
  async find(plural: string, name: string, namespace?: string): Promise<KubeObject | undefined> {
    try {
      return parseObject(await this.send('GET', resourcePath(resource(plural), namespace, name)));
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    }
  }

  /** Makes an object. @throws ApiError 409 when it is there already. */
  async create(plural: string, namespace: string | undefined, object: JsonMap): Promise<KubeObject> {
    const of = resource(plural);
    const body = { apiVersion: groupVersion(of), kind: of.kind, ...object };
    return parseObject(await this.send('POST', resourcePath(of, namespace), body));
  }

  /** Writes an object back, or with `sub` its status or another subresource. @throws ApiError 409 when somebody else changed it. */
  async update(plural: string, object: KubeObject, sub = ''): Promise<KubeObject> {
    const { namespace, name } = object.metadata;
    return parseObject(await this.send('PUT', `${resourcePath(resource(plural), namespace, name)}${sub}`, object));
  }

  /** Posts to a subresource of an object. */
  async post(plural: string, object: KubeObject, sub: string, body: JsonMap): Promise<void> {
    const { namespace, name } = object.metadata;
    await this.send('POST', `${resourcePath(resource(plural), namespace, name)}/${sub}`, body);
  }

  /** Deletes an object; it may be gone already. */
  async remove(plural: string, object: KubeObject, query = ''): Promise<void> {
    const { namespace, name } = object.metadata;
    try {
      await this.send('DELETE', `${resourcePath(resource(plural), namespace, name)}${query}`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
    }
  }

  private send(method: string, path: string, body?: JsonMap): Promise<Json> {
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, this.server), {
        method,
        agent: this.agent,
        headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        timeout: requestMs,
      });
      call.on('timeout', () => void call.destroy(new Error(`${this.server} gave no answer in ${requestMs / 1000} s`)));
      call.on('error', reject);
      call.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          const code = response.statusCode ?? 0;
          if (code >= 200 && code < 300) resolve(parseJson(text));
          else reject(errorOf(code, text));
        });
      });
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function errorOf(code: number, text: string): ApiError {
  try {
    const status = mapOf(parseJson(text));
    return new ApiError(numberOf(status['code'], code), textOf(status['reason']), textOf(status['message']));
  } catch {
    return new ApiError(code, 'Unknown', text);
  }
}
