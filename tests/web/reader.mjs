// Prints the id of each statement that comes, as a program in Node reads the stream. Usage: reader.mjs URL OPTIONS

import { Erased, Stream } from "./stream.mjs";

const [url, options] = process.argv.slice(2);
const stream = new Stream(url, { token: process.env.TOKEN, ...JSON.parse(options) });
try {
  for await (const batch of stream.batches()) {
    for (const { id } of batch.statements) console.log(`id ${id}`);
    if (batch instanceof Erased) for (const id of batch.ids) console.log(`erased ${id}`);
    if (batch.live) console.log("live");
  }
} catch (error) {
  console.log(`${error.name} ${error.code}`);
}
