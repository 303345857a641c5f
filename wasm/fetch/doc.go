// Package fetch is driver.HTTP over the browser's fetch: one request with a bounded answer and a bounded time, without
// cookies, cache, referrer or redirects.
//
// What it does not do: repeat a request, or look into an answer.
package fetch
