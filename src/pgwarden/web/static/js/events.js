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
