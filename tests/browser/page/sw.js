// What makes the page open without a network: its files are kept, and served first.
const files = 'files'

self.addEventListener('install', (event) => event.waitUntil(keep()))
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => event.respondWith(keptOrFetched(event.request)))

const keep = async () => {
  const html = await (await fetch('./')).text()
  await (await caches.open(files)).addAll(['./', ...Array.from(html.matchAll(/src="([^"]+)"/g), ([, src]) => src)])
}

const keptOrFetched = async (request) => (await caches.match(request, { ignoreSearch: true })) ?? fetch(request)
