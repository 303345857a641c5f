/**
 * Wraps an asynchronous reading of state so that events in a burst cost one reading: while one runs, any number of
 * further wishes make it run once more. Errors go to `failed`; the next wish tries again.
 */
export function coalesce(read: () => Promise<void>, failed: (thrown: unknown) => void): () => Promise<void> {
  let running: Promise<void> | null = null;
  let again = false;

  async function run(): Promise<void> {
    do {
      again = false;
      try {
        await read();
      } catch (thrown) {
        failed(thrown);
      }
    } while (again);
    running = null;
  }

  return () => {
    if (running) again = true;
    else running = run();
    return running!;
  };
}
