/** Prints the resident bytes of this process when what can be collected was collected, and ends it. */
export async function printResident() {
  await new Promise((resolve) => {
    setTimeout(resolve, 500);
  });
  globalThis.gc();
  process.stdout.write(`${process.memoryUsage.rss()}\n`);
  process.exit();
}
