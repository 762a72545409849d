/** What a host of any site has: a daemon under systemd, and nginx before two servers. */
import type { ExtraFile } from '../../../lab/lab';
import { daemonProgram, daemonUnit } from './daemon';

const CONF = `worker_processes 1;
error_log /var/log/nginx/error.log;
pid /run/nginx.pid;
events { worker_connections 64; }
http {
    access_log off;
    upstream app {
        server 127.0.0.1:9095;
        server 127.0.0.1:9096;
    }
    include conf.d/*.conf;
    server { listen 127.0.0.1:9095; return 200 a; }
    server { listen 127.0.0.1:9096; return 200 b; }
    server { listen 127.0.0.1:8080; location / { proxy_pass http://app; } }
}
`;

/** The unit `svc` that runs a daemon, and nginx on port 8080 with the upstream `app` of `a` and `b`; nothing is started. */
export const everydayHost: readonly ExtraFile[] = [
  daemonProgram,
  { path: '/etc/systemd/system/svc.service', content: daemonUnit() },
  { path: '/etc/nginx/nginx.conf', content: CONF },
];
