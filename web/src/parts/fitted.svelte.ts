import type { Attachment } from 'svelte/attachments';

/** Makes a text field as tall as its text; its styles bound it. `text` is what makes it measure anew. */
export function fitted(text: () => string): Attachment<HTMLTextAreaElement> {
  return (element) => {
    $effect(() => {
      void text();
      element.style.height = 'auto';
      element.style.height = `${element.scrollHeight}px`;
    });
  };
}
