/** Moments as migrations name them: 14 digits, in UTC. */

/** `20260131120000` of a moment. */
export const stampOf = (moment: Date): string => moment.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)

/** The stamp `seconds` later. */
export const stampAfter = (stamp: string, seconds: number): string => {
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(stamp) ?? []
  return stampOf(new Date(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + seconds * 1000))
}

/** Whether a text is one: digits alone are not, February has no 30th. */
export const isStamp = (text: string): boolean => /^\d{14}$/.test(text) && !Number.isNaN(Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z'))) && stampAfter(text, 0) === text
