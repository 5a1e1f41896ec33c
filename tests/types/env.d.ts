/** As apps with strict flags do, so that `process.env.DATABASE_URL` is a property. */
declare namespace NodeJS {
  interface ProcessEnv {
    readonly DATABASE_URL?: string
  }
}
