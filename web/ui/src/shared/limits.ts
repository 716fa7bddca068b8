/** Characters of the text of a field, as the API takes it. How long a line may be is told by the desk (`longest_line`). */
export const LONGEST_TEXT = 20_000
