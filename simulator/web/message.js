// One message, drawn: a bubble with its author, reply, picture, text, time and keyboard, or a
// service line. `redraw` changes only what changed.

import { avatar } from "./avatar.js";
import { el, icon } from "./dom.js";
import { clock, colourOf, exactTime, fileSize, fullName, money } from "./format.js";
import { InlineKeyboard } from "./keyboards.js";
import { onlyEmoji, richText } from "./text.js";

const MAX_PHOTO_PX = 340;

/** A message's own key in a conversation; ephemeral ones are numbered apart. */
export const messageKey = (message) =>
  message.ephemeral_message_id ? `e${message.ephemeral_message_id}` : String(message.message_id);

/** The fields by which an action names a message. */
export const named = ({ message_id, ephemeral_message_id }) =>
  ephemeral_message_id ? { message_id: 0, ephemeral_message_id } : { message_id };

/** The fields by which an action names the message that it replies to, if there is one. */
export const replied = (message) => {
  if (!message) return {};
  return message.ephemeral_message_id
    ? { reply_to_ephemeral: message.ephemeral_message_id }
    : { reply_to: message.message_id };
};

const names = (users) => users.map(fullName).join(", ");

const SERVICE = {
  new_chat_members: (m, author) =>
    m.new_chat_members.some((user) => user.id === m.from?.id)
      ? `${author} joined the group`
      : `${author} added ${names(m.new_chat_members)}`,
  left_chat_member: (m, author) =>
    m.left_chat_member.id === m.from?.id
      ? `${author} left the group`
      : `${author} removed ${fullName(m.left_chat_member)}`,
  group_chat_created: (m, author) => `${author} created the group`,
  new_chat_title: (m, author) => `${author} changed the group name to “${m.new_chat_title}”`,
  pinned_message: (m, author) => `${author} pinned “${summary(m.pinned_message)}”`,
  users_shared: (m, author) =>
    `${author} shared ${m.users_shared.users.map((user) => fullName(user) || `user ${user.user_id}`).join(", ")} with the bot`,
  successful_payment: (m, author) =>
    `${author} paid ${money(m.successful_payment.total_amount, m.successful_payment.currency)}`,
  refunded_payment: (m) =>
    `${money(m.refunded_payment.total_amount, m.refunded_payment.currency)} was refunded`,
  write_access_allowed: (m, author) => `${author} allowed the bot to write`,
  web_app_data: (m) => `Data from “${m.web_app_data.button_text}” was sent to the bot`,
};

/** What a service message says, or null if the message is an ordinary one. */
export function serviceText(message) {
  const kind = Object.keys(SERVICE).find((field) => message[field]);
  return kind ? SERVICE[kind](message, authorName(message)) : null;
}

/** Who a message is from: a person, a bot, or the group itself when its admin is anonymous. */
export function authorId(message) {
  return message.sender_chat?.id ?? message.from?.id ?? 0;
}

export function authorName(message) {
  return message.sender_chat?.title ?? (message.from ? fullName(message.from) : "");
}

/** The text or caption in one line, with its spoilers covered. */
function oneLine(message) {
  let text = message.text ?? message.caption ?? "";
  for (const { type, offset, length } of message.entities ?? message.caption_entities ?? []) {
    if (type === "spoiler")
      text = text.slice(0, offset) + "▒".repeat(length) + text.slice(offset + length);
  }
  return text.replace(/\s+/gu, " ");
}

/** A message in one line, for quotes and lists. */
export function summary(message) {
  const caption = message.caption ? ` ${oneLine(message)}` : "";
  if (message.photo) return `🖼${caption || " Photo"}`;
  if (message.document) return `📎 ${message.document.file_name ?? "Document"}${caption}`;
  if (message.contact) return `👤 ${fullName(message.contact)}`;
  if (message.invoice) return `🧾 ${message.invoice.title}`;
  return serviceText(message) ?? (oneLine(message) || "Message");
}

export class MessageView {
  #conversation;
  #keyboard = null;
  #drawn = "";

  /** @param conversation who looks: `person`, `chat`, and the `actions` that links and buttons take */
  constructor(message, conversation) {
    this.#conversation = conversation;
    this.element = el("article", { class: "row", tabindex: "-1" });
    this.redraw(message);
  }

  get service() {
    return serviceText(this.message) !== null;
  }

  get mine() {
    return !this.message.sender_chat && this.message.from?.id === this.#conversation.person.id;
  }

  get ephemeral() {
    return Boolean(this.message.ephemeral_message_id);
  }

  /** Whether this person may reply to it: nobody answers their own whisper. */
  get answerable() {
    return !this.service && !(this.ephemeral && this.mine);
  }

  /** Whether this person may change its text. */
  get changeable() {
    return this.mine && this.message.text && !this.message.via_bot && !this.ephemeral;
  }

  redraw(message) {
    const { reply_markup: markup, ...rest } = message;
    this.message = message;
    const row = this.element;
    row.dataset.messageId = messageKey(message);
    row.dataset.author = authorId(message);
    row.classList.toggle("service", this.service);
    row.classList.toggle("out", this.mine && !this.service);
    row.classList.toggle("in", !this.mine && !this.service);
    row.classList.toggle("in-group", this.#conversation.chat.type === "group");
    row.classList.toggle("with-keyboard", Boolean(markup?.inline_keyboard));
    if (this.service) return this.#drawService();
    const drawn = JSON.stringify(rest);
    if (drawn !== this.#drawn) this.#drawBubble();
    this.#drawn = drawn;
    this.#drawKeyboard(markup?.inline_keyboard ?? []);
  }

  #drawService() {
    this.element.replaceChildren(
      el("span", { class: "service-text", dir: "auto" }, serviceText(this.message)),
    );
  }

  #drawBubble() {
    const { message } = this;
    const photo = this.#keptPhoto() ?? this.#photo();
    const text = message.text ?? message.caption;
    const big =
      Boolean(message.text) &&
      !message.entities?.length &&
      !this.ephemeral &&
      onlyEmoji(message.text);
    const parts = [
      this.#conversation.chat.type === "group" && !this.mine
        ? avatar(authorId(message), authorName(message), "small")
        : null,
      this.#author(),
      this.#secret(),
      this.#via(),
      this.#origin(),
      this.#quote(),
      photo,
      message.document ? this.#document() : null,
      message.contact ? this.#contact() : null,
      message.invoice ? this.#invoice() : null,
      text
        ? el(
            "div",
            { class: "text", dir: "auto" },
            ...richText(
              text,
              message.entities ?? message.caption_entities,
              this.#conversation.actions,
            ),
            " ",
            this.#meta(),
          )
        : this.#meta(),
    ];
    const kind = `bubble${photo ? " has-photo" : ""}${photo && !text ? " only-photo" : ""}${big ? " only-emoji" : ""}${this.ephemeral ? " ephemeral" : ""}`;
    const bubble = el("div", { class: kind }, ...parts);
    if (photo)
      bubble.style.setProperty("--photo-width", photo.style.getPropertyValue("--photo-width"));
    const stack = el("div", { class: "stack" }, bubble, this.#keyboard?.element);
    this.element.replaceChildren(stack);
  }

  #drawKeyboard(rows) {
    if (rows.length === 0) {
      this.#keyboard?.element.remove();
      this.#keyboard = null;
    } else if (this.#keyboard) {
      this.#keyboard.update(rows);
    } else {
      this.#keyboard = new InlineKeyboard(
        rows,
        (spec) => this.#conversation.press(this.message, spec),
        this.#conversation.actions,
      );
      this.element.querySelector(".stack").append(this.#keyboard.element);
    }
  }

  #author() {
    if (this.#conversation.chat.type !== "group" || this.mine) return null;
    const admin = this.message.sender_chat ? el("span", { class: "author-role" }, "admin") : null;
    return el(
      "div",
      { class: `author colour-${colourOf(authorId(this.message))}` },
      el("bdi", {}, authorName(this.message)),
      admin,
    );
  }

  /** Who alone sees an ephemeral message, and the way to be rid of it. */
  #secret() {
    if (!this.ephemeral) return null;
    const { receiver_user: receiver } = this.message;
    const who = this.mine ? `Only you and ${fullName(receiver)} see this` : "Only you see this";
    const dismiss = () => this.#conversation.actions.dismiss(this.message);
    return el(
      "div",
      { class: "only-you", role: "note", "aria-label": who },
      icon("eye"),
      el("span", { dir: "auto" }, who),
      el(
        "button",
        { type: "button", "aria-label": "Dismiss", title: "Dismiss", onclick: dismiss },
        icon("close"),
      ),
    );
  }

  #via() {
    const bot = this.message.via_bot;
    if (!bot) return null;
    const open = () => this.#conversation.actions.openUser(bot.id);
    const name = el("button", { type: "button", class: "mention", onclick: open }, `@${bot.username}`);
    return el("div", { class: "origin" }, "via ", name);
  }

  #origin() {
    const origin = this.message.forward_origin;
    if (!origin) return null;
    const name = origin.sender_user
      ? fullName(origin.sender_user)
      : (origin.sender_user_name ?? origin.sender_chat?.title ?? origin.chat?.title);
    return el("div", { class: "origin", dir: "auto" }, `Forwarded from ${name}`);
  }

  #quote() {
    const original = this.message.reply_to_message;
    if (!original) return null;
    const colour = colourOf(authorId(original));
    return el(
      "button",
      {
        type: "button",
        class: `quote colour-${colour}`,
        "aria-label": `In reply to ${authorName(original)}: ${summary(original)}`,
        onclick: () => this.#conversation.show(messageKey(original)),
      },
      el("span", { class: "quote-author", dir: "auto" }, authorName(original)),
      el("span", { class: "quote-text", dir: "auto" }, summary(original)),
    );
  }

  /** The picture that is already shown, if it is still the same one: an edit must not make it blink. */
  #keptPhoto() {
    const shown = this.element.querySelector(".photo");
    return shown && shown.dataset.file === this.message.photo?.at(-1).file_unique_id
      ? shown
      : null;
  }

  #photo() {
    const file = this.message.photo?.at(-1);
    if (!file) return null;
    const label = this.message.caption ? `Photo: ${this.message.caption}` : "Photo";
    const width = Math.max(
      Math.min(file.width, MAX_PHOTO_PX, (file.width / file.height) * MAX_PHOTO_PX),
      120,
    );
    const image = el("img", {
      src: file.file_url,
      alt: label,
      width: file.width,
      height: file.height,
      class: file.width < width ? "enlarged" : null,
    });
    const button = el(
      "button",
      {
        type: "button",
        class: "photo",
        "data-file": file.file_unique_id,
        "aria-label": `${label}. Enlarge`,
        onclick: () => this.#conversation.actions.enlarge(file, label),
      },
      image,
    );
    button.style.setProperty("--photo-width", `${Math.round(width)}px`);
    button.style.setProperty("--photo-ratio", `${file.width} / ${file.height}`);
    return button;
  }

  #document() {
    const { document: file } = this.message;
    const name = file.file_name ?? "Document";
    return el(
      "a",
      { class: "document", href: file.file_url, download: name, "aria-label": `Download ${name}` },
      el("span", { class: "document-icon" }, icon("file")),
      el(
        "span",
        { class: "document-text" },
        el("span", { class: "document-name", dir: "auto" }, name),
        el(
          "span",
          { class: "document-size" },
          file.file_size === undefined ? "" : fileSize(file.file_size),
        ),
      ),
    );
  }

  #contact() {
    const { contact } = this.message;
    return el(
      "div",
      { class: "contact" },
      avatar(contact.user_id ?? 0, fullName(contact)),
      el(
        "span",
        { class: "document-text" },
        el("span", { class: "contact-name", dir: "auto" }, fullName(contact)),
        el("span", { class: "document-size", dir: "ltr" }, contact.phone_number),
      ),
    );
  }

  #invoice() {
    const { invoice } = this.message;
    return el(
      "div",
      { class: "invoice" },
      el("strong", { dir: "auto" }, invoice.title),
      el("span", { dir: "auto" }, invoice.description),
      el("span", { class: "invoice-amount" }, money(invoice.total_amount, invoice.currency)),
    );
  }

  #meta() {
    const { message } = this;
    const edited = message.edit_date ? el("span", { class: "edited" }, "edited ") : null;
    const ticks = this.mine
      ? el("span", { class: "ticks", role: "img", "aria-label": "Sent" }, icon("ticks"))
      : null;
    return el(
      "span",
      { class: "meta", title: exactTime(message.date) },
      edited,
      el("time", { datetime: new Date(message.date * 1000).toISOString() }, clock(message.date)),
      ticks,
    );
  }
}
