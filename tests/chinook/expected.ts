/**
 * What each device must hold, as SQL written by hand: it shares nothing with the generator. Columns are listed in the order
 * of the rows' fields; the counts are those of the data as loaded.
 */
export interface Expected {
  /** Cache: `tracks`. */
  readonly cache: string
  readonly sql: string
  /** Rows as loaded, before anybody writes. */
  readonly loaded: number
}

const track = `t.id, t.name, t.album_id, t.media_type_id, t.genre_id, t.composer, t.milliseconds, t.bytes, t.unit_price`
const customer = `c.id, c.first_name, c.last_name, c.company, c.address, c.city, c.state, c.country, c.postal_code, c.phone, c.fax, c.email, c.support_rep_id`
const invoice = `i.id, i.customer_id, i.invoice_date, i.billing_address, i.billing_city, i.billing_state, i.billing_country, i.billing_postal_code, i.total`

export const reference: readonly Expected[] = [
  { cache: 'genres', sql: 'select id, name from genre', loaded: 25 },
  { cache: 'mediaTypes', sql: 'select id, name from media_type', loaded: 5 },
]

export const catalogue: readonly Expected[] = [
  ...reference,
  { cache: 'artists', sql: 'select id, name from artist', loaded: 275 },
  { cache: 'albums', sql: 'select id, title, artist_id from album', loaded: 347 },
  { cache: 'tracks', sql: `select ${track} from track t`, loaded: 3503 },
  { cache: 'playlists', sql: 'select id, name from playlist', loaded: 18 },
  { cache: 'playlistTracks', sql: 'select id, playlist_id, track_id from playlist_track', loaded: 8715 },
]

/** $1: the playlist called Heavy Metal Classic. */
export const playlist: readonly Expected[] = [
  { cache: 'playlists', sql: 'select id, name from playlist where id = $1', loaded: 1 },
  { cache: 'playlistTracks', sql: 'select id, playlist_id, track_id from playlist_track where playlist_id = $1', loaded: 26 },
  {
    cache: 'tracks',
    sql: `select ${track} from track t where exists (select from playlist_track l where l.track_id = t.id and l.playlist_id = $1)`,
    loaded: 26,
  },
  {
    cache: 'albums',
    sql: `select distinct a.id, a.title, a.artist_id from album a join track t on t.album_id = a.id
          join playlist_track l on l.track_id = t.id where l.playlist_id = $1`,
    loaded: 19,
  },
  {
    cache: 'artists',
    sql: `select distinct r.id, r.name from artist r join album a on a.artist_id = r.id join track t on t.album_id = a.id
          join playlist_track l on l.track_id = t.id where l.playlist_id = $1`,
    loaded: 9,
  },
]

/** $1: a customer. */
export const purchases: readonly Expected[] = [
  { cache: 'customers', sql: `select ${customer} from customer c where c.id = $1`, loaded: 1 },
  { cache: 'invoices', sql: `select ${invoice} from invoice i where i.customer_id = $1`, loaded: 7 },
  {
    cache: 'invoiceLines',
    sql: `select l.id, l.invoice_id, l.track_id, l.unit_price, l.quantity from invoice_line l
          where l.invoice_id in (select id from invoice where customer_id = $1)`,
    loaded: 38,
  },
  {
    cache: 'tracks',
    sql: `select distinct ${track} from invoice i join invoice_line l on l.invoice_id = i.id join track t on t.id = l.track_id
          where i.customer_id = $1`,
    loaded: 38,
  },
]

/** $1: the support representative Jane Peacock. */
export const clients: readonly Expected[] = [
  {
    cache: 'employees',
    sql: `select e.id, e.last_name, e.first_name, e.title, e.reports_to, e.birth_date, e.hire_date, e.address, e.city, e.state,
          e.country, e.postal_code, e.phone, e.fax, e.email from employee e where e.id = $1`,
    loaded: 1,
  },
  { cache: 'customers', sql: `select ${customer} from customer c where c.support_rep_id = $1`, loaded: 21 },
  {
    cache: 'invoices',
    sql: `select ${invoice} from invoice i join customer c on c.id = i.customer_id where c.support_rep_id = $1`,
    loaded: 146,
  },
]
