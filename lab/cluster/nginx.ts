import type { ExtraFile } from '../types';
import type { ClusterOptions } from './options';
import { paths } from './options';

/**
 * The local proxy of a host: nginx with a prefix of its own, a stream upstream of all apiservers, and the stream module
 * loaded from Debian's path.
 */
export function nginxFiles(options: ClusterOptions): ExtraFile[] {
  const servers = options.masters.map((host) => `        server ${host}:6443        max_fails=3 fail_timeout=30s;`);
  const content = `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_processes 1;
error_log logs/error.log;
pid logs/nginx.pid;

events {
    worker_connections  1024;
}

stream {
    upstream apiserver {
        hash $remote_addr consistent;
${servers.join('\n')}
    }

    server {
        listen 127.0.0.1:8443;
        proxy_connect_timeout 1s;
        proxy_pass apiserver;
    }
}
`;
  return [
    { path: `${paths.nginx}/conf/kube-nginx.conf`, content },
    { path: `${paths.nginx}/logs/error.log`, content: '' },
    { path: `${paths.nginx}/sbin/kube-nginx`, link: '/usr/sbin/nginx' },
  ];
}
