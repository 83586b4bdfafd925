import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.map': 'application/json',
};

/** A file server on a port of its own. */
export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a folder with the given headers, and the given texts where there is no file. */
export async function serve(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
  texts: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, 'http://host').pathname));
    const name = path.endsWith('/') ? `${path}index.html` : path;
    const file = join(folder, name);
    const type = types[extname(name)] ?? 'application/octet-stream';
    if (name in texts) response.writeHead(200, { ...headers, 'Content-Type': type }).end(texts[name]);
    else if (existsSync(file) && statSync(file).isFile())
      createReadStream(file).pipe(response.writeHead(200, { ...headers, 'Content-Type': type }));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The headers of a page that may share memory with its workers. */
export const isolated = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;
