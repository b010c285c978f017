// How names, times, sizes and amounts are written.

const time = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "long",
  year: "numeric",
});

const COLOURS = 7;

export const fullName = (user) => [user.first_name, user.last_name].filter(Boolean).join(" ");

/** One of seven colours, always the same for the same id. */
export const colourOf = (id) => Math.abs(Number(id)) % COLOURS;

/** Up to two letters for an avatar: the first of the first word and of the last. */
export function initials(name) {
  const words = name
    .split(/\s+/u)
    .map((word) =>
      [...word].find((letter) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(letter)),
    )
    .filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.join("").toUpperCase();
}

export const clock = (seconds) => time.format(seconds * 1000);

export const exactTime = (seconds) => moment.format(seconds * 1000);

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

function relativeTime(seconds, nowSeconds) {
  const away = Math.round(seconds - nowSeconds);
  const [unit, size] = UNITS.find(([, each]) => Math.abs(away) >= each) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(
    Math.trunc(away / size),
    unit,
  );
}

/**
 * A moment as a `date_time_format` of the Bot API says: "r", or letters of "wdDtT"; "" for none.
 * https://core.telegram.org/bots/api#date-time-entity-formatting
 */
export function formattedMoment(seconds, format) {
  if (!format) return "";
  if (format === "r") return relativeTime(seconds, Date.now() / 1000);
  const parts = {
    w: { weekday: "long" },
    d: { day: "2-digit", month: "2-digit", year: "2-digit" },
    D: { day: "numeric", month: "long", year: "numeric" },
    t: { hour: "2-digit", minute: "2-digit" },
    T: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  };
  const options = Object.assign({}, ...[...format].map((letter) => parts[letter]));
  return new Intl.DateTimeFormat(undefined, options).format(seconds * 1000);
}

/** A local calendar day, to group messages by. */
export function dayKey(seconds) {
  const date = new Date(seconds * 1000);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
}

/** "Today", "Yesterday", or the date. */
export function dayLabel(seconds, nowSeconds) {
  const key = dayKey(seconds);
  if (key === dayKey(nowSeconds)) return "Today";
  if (key === dayKey(nowSeconds - 86_400)) return "Yesterday";
  const sameYear = key.slice(0, 4) === dayKey(nowSeconds).slice(0, 4);
  return (sameYear ? day : dayOfYear).format(seconds * 1000);
}

export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** An amount in minor units, as Telegram shows invoices; `XTR` is Telegram Stars. */
export function money(minorUnits, currency) {
  if (currency === "XTR") return `⭐ ${minorUnits}`;
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(minorUnits / 10 ** format.resolvedOptions().maximumFractionDigits);
}

export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
