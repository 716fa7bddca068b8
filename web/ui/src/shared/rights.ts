/** Rights that several features ask for. */

/** What every shop uses is kept by who serves every shop. */
export const EVERY_SHOP = 'shops.all'
