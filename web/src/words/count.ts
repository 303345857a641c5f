/** A number and the word for so many of them. */
export const one = (count: number, singular: string, plural: string): string => `${count} ${count === 1 ? singular : plural}`;
