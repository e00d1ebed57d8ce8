// Server-sent events of an answer: pairs of a name and its data.
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const name = /^event: (.*)$/m.exec(text.slice(0, end));
      const data = /^data: (.*)$/m.exec(text.slice(0, end));
      if (name && data) yield [name[1], JSON.parse(data[1])];
    }
  }
}

// A stream for as long as its tab is looked at, asked for again when it ends or is lost ("lost" is told then): browsers
// allow a server six connections, of all tabs together. Whoever leaves the loop closes it.
const AGAIN = 2000; // milliseconds before it is asked for again

export async function* followed(url) {
  for (;;) {
    await looked();
    const stop = new AbortController(), hidden = () => { if (document.hidden) stop.abort(); };
    document.addEventListener("visibilitychange", hidden);
    try {
      const answer = await fetch(url, { headers: { accept: "text/event-stream" }, signal: stop.signal });
      if (!answer.ok) return;
      yield* events(answer.body);
    } catch {
      if (!stop.signal.aborted) yield ["lost", {}];
    } finally {
      document.removeEventListener("visibilitychange", hidden);
      stop.abort();
    }
    await new Promise((again) => setTimeout(again, AGAIN));
  }
}

function looked() {
  return new Promise((done) => {
    if (!document.hidden) { done(); return; }
    document.addEventListener("visibilitychange", () => done(), { once: true });
  });
}
