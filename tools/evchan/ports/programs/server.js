// SPDX-License-Identifier: GPL-2.0-only
// For node: files by GET, /echo returns what was posted; timers, a child process
// and a worker thread beside it, whose loops have sets of their own.
const http = require('http'), fs = require('fs'), { spawn } = require('child_process');
const { Worker } = require('worker_threads');
const [dir, port] = process.argv.slice(2);
const files = {};
for (const f of ['f0', 'f1', 'f2']) files['/' + f] = fs.readFileSync(dir + '/' + f);

let ticks = 0, fromWorker = 0, fromChild = 0;
setInterval(() => ticks++, 20);
const worker = new Worker(`
	const { parentPort } = require('worker_threads');
	parentPort.on('message', n => parentPort.postMessage(n + 1));`, { eval: true });
worker.on('message', n => { fromWorker = n; if (n < 1000) worker.postMessage(n); });
worker.postMessage(0);
const child = spawn('cat');
child.stdout.on('data', d => {
	fromChild += d.length;
	if (fromChild < 1000) child.stdin.write('x'); else child.stdin.end();
});
child.stdin.write('x');

http.createServer((req, res) => {
	if (req.url === '/echo') {
		const parts = [];
		req.on('data', d => parts.push(d));
		req.on('end', () => {
			const body = Buffer.concat(parts);
			res.writeHead(200, { 'Content-Length': body.length });
			res.end(body);
		});
	} else {
		const body = files[req.url];
		res.writeHead(body ? 200 : 404, { 'Content-Length': body ? body.length : 0 });
		res.end(body);
	}
}).listen(+port);
// Ends once everything has come round; a wake-up that was lost never lets it.
process.on('SIGTERM', () => {
	setInterval(() => {
		if (ticks > 5 && fromWorker === 1000 && fromChild === 1000) process.exit(0);
	}, 10);
	setTimeout(() => {
		console.error('node: ticks', ticks, 'worker', fromWorker, 'child', fromChild);
		process.exit(1);
	}, 100000);
});
