// Where a person writes: the text field with its suggestions, reply and edit bar, pictures, the
// reply keyboard, and the single big button (Start, Unblock, Join) that sometimes replaces it.

import { act } from "./api.js";
import { avatar } from "./avatar.js";
import { el, icon, iconButton } from "./dom.js";
import { fullName } from "./format.js";
import { InlineResults } from "./inline.js";
import { replyKeyboard } from "./keyboards.js";
import { authorName, summary } from "./message.js";
import { confirmSheet, openSheet, pickUsers } from "./sheets.js";

const MAX_HEIGHT_PX = 160;
const WORD_BEFORE_CARET = /(?:^|\s)@(\w*)$/u;

/** Any picture as the base64 of a PNG. */
async function asPng(file) {
  const bitmap = await createImageBitmap(file);
  const canvas = el("canvas", { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas.toDataURL("image/png").split(",")[1];
}

export class Composer {
  #phone;
  #conversation = null;
  #textMentions = [];
  #suggested = [];
  #picked = 0;
  #big = null;

  /** @param phone whose composer it is: `person`, `world`, `element`, `attempt` */
  constructor(phone) {
    this.#phone = phone;
    this.inline = new InlineResults(phone, () => this.#setText(""));
    this.#build();
  }

  #build() {
    this.field = el("textarea", {
      rows: 1,
      dir: "auto",
      "aria-label": "Message",
      placeholder: "Message",
      autocomplete: "off",
      enterkeyhint: "send",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#key(event),
      onpaste: (event) => this.#pasted(event),
    });
    const file = el("input", {
      type: "file",
      accept: "image/*",
      hidden: true,
      onchange: () => {
        this.#offerPhoto(file.files[0]);
        file.value = "";
      },
    });
    this.commandsButton = iconButton("slash", "Bot commands", () => this.#toggleCommands(), {
      "aria-expanded": "false",
    });
    this.appButton = el("button", {
      type: "button",
      class: "app-button",
      hidden: true,
      onclick: () => this.#phone.actions.openWebApp(this.#menuButton()),
    });
    this.keyboardButton = iconButton("keyboard", "Show or hide the keyboard", () =>
      this.#toggleKeyboard(),
    );
    this.sendButton = el(
      "button",
      { type: "submit", class: "send", "aria-label": "Send", title: "Send" },
      icon("send"),
      icon("check"),
    );
    this.suggestions = el("div", {
      class: "suggestions",
      role: "listbox",
      "aria-label": "Suggestions",
      hidden: true,
    });
    this.bar = el("div", { class: "context-bar", hidden: true });
    this.row = el(
      "form",
      {
        class: "composer-row",
        onsubmit: (event) => {
          event.preventDefault();
          this.#submit();
        },
      },
      el(
        "div",
        { class: "field-box" },
        this.appButton,
        this.commandsButton,
        this.field,
        this.keyboardButton,
        iconButton("attach", "Send a photo", () => file.click()),
        file,
      ),
      this.sendButton,
    );
    this.bigButton = el("button", {
      type: "button",
      class: "big-button",
      hidden: true,
      onclick: () => this.#big.run(),
    });
    this.keyboardBox = el("div", { class: "keyboard-box", hidden: true });
    this.element = el(
      "div",
      { class: "composer" },
      this.inline.element,
      this.suggestions,
      this.bar,
      this.row,
      this.bigButton,
      this.keyboardBox,
    );
  }

  /** Turns to another conversation, keeping what was being written in the last one. */
  show(conversation) {
    if (this.#conversation) this.#conversation.draft = this.field.value;
    this.#conversation = conversation;
    this.field.value = conversation?.draft ?? "";
    this.#textMentions = [];
    this.#suggest([]);
    this.inline.clear();
    this.refresh();
    this.#fit();
  }

  /** Shows what the conversation now offers: keyboard, reply, edit, big button. */
  refresh() {
    const conversation = this.#conversation;
    this.element.hidden = conversation === null;
    if (!conversation) return;
    this.#big = this.#bigAction(conversation);
    this.bigButton.hidden = this.#big === null;
    this.bigButton.textContent = this.#big?.label ?? "";
    this.row.hidden = this.#big !== null;
    this.commandsButton.hidden = this.#phone.world.commands(conversation.chat).length === 0;
    const menu = this.#menuButton();
    this.appButton.hidden = menu?.type !== "web_app";
    this.appButton.textContent = menu?.text ?? "";
    this.field.placeholder = conversation.keyboard?.input_field_placeholder ?? "Message";
    this.#showBar(conversation);
    this.#showKeyboard(conversation);
    this.#fit();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  reply(message) {
    Object.assign(this.#conversation, { replyTo: message, editing: null });
    this.refresh();
    this.focus();
  }

  edit(message) {
    Object.assign(this.#conversation, { replyTo: null, editing: message });
    this.field.value = message.text;
    this.refresh();
    this.focus();
  }

  #bigAction(conversation) {
    const { person, world, attempt } = this.#phone;
    const bot = conversation.chat.type === "private" ? conversation.chat.bots[0] : null;
    if (bot && person.blocked?.includes(bot))
      return { label: "Unblock", run: () => attempt(act(person.id, "unblock", { bot })) };
    if (bot && conversation.empty)
      return { label: "Start", run: () => this.#phone.send({ text: "/start" }) };
    if (!world.chat(conversation.chat.key, person.id).members.includes(person.id)) {
      return {
        label: "Join",
        run: () => attempt(act(person.id, "join", { chat: conversation.chat.key })),
      };
    }
    return null;
  }

  #showBar({ editing, replyTo }) {
    const about = editing ?? replyTo;
    this.bar.hidden = !about;
    this.sendButton.setAttribute("aria-label", editing ? "Save" : "Send");
    this.element.classList.toggle("editing", Boolean(editing));
    if (!about) return;
    this.bar.replaceChildren(
      icon(editing ? "edit" : "reply"),
      el(
        "span",
        { class: "context-lines" },
        el(
          "span",
          { class: "context-title", dir: "auto" },
          editing ? "Edit message" : `Reply to ${authorName(about)}`,
        ),
        el("span", { class: "context-text", dir: "auto" }, summary(about)),
      ),
      iconButton("close", editing ? "Cancel editing" : "Cancel reply", () => this.#dismiss()),
    );
  }

  #dismiss() {
    if (this.#conversation.editing) this.field.value = "";
    Object.assign(this.#conversation, { editing: null, replyTo: null });
    this.refresh();
    this.focus();
  }

  #showKeyboard(conversation) {
    const markup = conversation.keyboard?.keyboard ? conversation.keyboard : null;
    this.keyboardButton.hidden = !markup || markup.is_persistent;
    this.keyboardButton.setAttribute("aria-expanded", String(conversation.keyboardShown));
    this.keyboardBox.hidden = !markup || !conversation.keyboardShown || this.row.hidden;
    if (this.keyboardBox.shown === markup) return;
    this.keyboardBox.shown = markup;
    this.keyboardBox.replaceChildren(
      ...(markup ? [replyKeyboard(markup, (spec) => this.#replyKey(spec))] : []),
    );
  }

  #toggleKeyboard() {
    this.#conversation.keyboardShown = !this.#conversation.keyboardShown;
    this.refresh();
  }

  async #replyKey(spec) {
    const { person, element, attempt } = this.#phone;
    const { chat, keyboard } = this.#conversation;
    const conversation = this.#conversation;
    if (spec.request_users) {
      const users = await pickUsers(element, {
        title: spec.text,
        users: this.#others(),
        max: spec.request_users.max_quantity ?? 1,
      });
      if (!users) return;
      await attempt(
        act(person.id, "pick_users", {
          chat: chat.key,
          request_id: spec.request_users.request_id,
          users,
        }),
      );
    } else if (spec.request_contact) {
      const title = this.#phone.world.title(chat, person.id);
      const yes = await confirmSheet(element, {
        title: "Share your phone number?",
        text: `${title} will see your phone number${person.phone ? `, ${person.phone}` : ""}.`,
        yes: "Share",
      });
      if (!yes) return;
      await attempt(act(person.id, "share_contact", { chat: chat.key }));
    } else if (spec.web_app) {
      this.#phone.actions.openWebApp(spec);
    } else {
      await attempt(act(person.id, "key", { chat: chat.key, text: spec.text }));
    }
    if (keyboard.one_time_keyboard) conversation.keyboardShown = false;
    this.refresh();
  }

  /** The button beside the field that the bot of a private chat has set. */
  #menuButton() {
    const { chat } = this.#conversation;
    return chat.type === "private" ? this.#phone.world.bots.get(chat.bots[0])?.menu_button : null;
  }

  #others() {
    const { world, person } = this.#phone;
    return [...world.people.values()].filter((user) => user.id !== person.id);
  }

  async #submit() {
    const text = this.field.value.trim();
    if (!text) return this.focus();
    const { editing } = this.#conversation;
    const mentions = this.#textMentions.filter((mention) => text.includes(mention.text));
    this.field.value = "";
    this.#textMentions = [];
    this.#suggest([]);
    this.inline.clear();
    const sent = editing
      ? await this.#phone.attempt(
          act(this.#phone.person.id, "edit", {
            chat: this.#conversation.chat.key,
            message_id: editing.message_id,
            text,
          }),
        )
      : await this.#phone.send({ text, ...(mentions.length ? { mentions } : {}) });
    if (!sent && !this.field.value) this.field.value = text;
    if (sent && editing) this.#conversation.editing = null;
    this.refresh();
  }

  #typed() {
    this.#fit();
    this.#suggest(this.#matches());
    if (!this.#conversation.editing) this.inline.update(this.#conversation, this.field.value);
  }

  #fit() {
    this.element.classList.toggle("has-text", this.field.value.trim() !== "");
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, MAX_HEIGHT_PX)}px`;
  }

  #matches() {
    const { chat } = this.#conversation;
    const before = this.field.value.slice(0, this.field.selectionStart);
    if (/^\/\w*$/u.test(before)) return this.#commands(before.slice(1));
    const word = WORD_BEFORE_CARET.exec(before)?.[1];
    if (word === undefined || chat.type !== "group") return [];
    const { world, person } = this.#phone;
    return [...chat.members, ...chat.bots]
      .filter((id) => id !== person.id)
      .map((id) => world.user(id))
      .filter((user) =>
        [user.username ?? "", fullName(user)].some((name) =>
          name.toLowerCase().startsWith(word.toLowerCase()),
        ),
      )
      .map((user) => ({
        user,
        label: fullName(user),
        detail: user.username ? `@${user.username}` : "",
        insert: () => this.#insertMention(user, word),
      }));
  }

  #commands(prefix) {
    const { chat } = this.#conversation;
    return this.#phone.world
      .commands(chat)
      .filter((command) => command.command.startsWith(prefix.toLowerCase()))
      .map((command) => {
        const text = `/${command.command}${chat.bots.length > 1 ? `@${command.bot.username}` : ""}`;
        return {
          user: command.bot,
          label: text,
          detail: command.description,
          secret: command.is_ephemeral && chat.type === "group",
          run: () => this.#phone.send({ text }),
          insert: () => this.#setText(`${text} `),
        };
      });
  }

  #setText(text) {
    this.field.value = text;
    this.#typed();
    this.refresh();
    this.focus();
  }

  /** Begins what is typed after a bot's name. */
  write(text) {
    this.#setText(text);
  }

  #insertMention(user, word) {
    const caret = this.field.selectionStart;
    const name = user.username ? `@${user.username}` : fullName(user);
    if (!user.username) this.#textMentions.push({ text: name, id: user.id });
    const start = this.field.value.slice(0, caret - word.length - 1);
    this.field.value = `${start}${name} ${this.field.value.slice(caret)}`;
    this.field.setSelectionRange(start.length + name.length + 1, start.length + name.length + 1);
    this.#typed();
    this.focus();
  }

  #toggleCommands() {
    this.#suggest(this.suggestions.hidden ? this.#commands("") : []);
    this.focus();
  }

  #suggest(entries) {
    this.#suggested = entries;
    this.#picked = 0;
    this.suggestions.hidden = entries.length === 0;
    this.commandsButton.setAttribute("aria-expanded", String(entries.length > 0));
    this.suggestions.replaceChildren(
      ...entries.map((entry, index) =>
        el(
          "button",
          {
            type: "button",
            role: "option",
            tabindex: "-1",
            "aria-selected": String(index === 0),
            onclick: () => this.#take(entry),
          },
          avatar(entry.user.id, fullName(entry.user), "tiny"),
          el("strong", {}, entry.label),
          el("span", { class: "detail", dir: "auto" }, entry.detail),
          entry.secret ? el("span", { title: "Only you and the bot see it" }, icon("eye")) : null,
        ),
      ),
    );
  }

  #take(entry) {
    if (!entry.run) return entry.insert();
    this.field.value = "";
    this.#suggest([]);
    this.#fit();
    entry.run();
    this.focus();
  }

  #move(step) {
    const options = [...this.suggestions.children];
    this.#picked = (this.#picked + step + options.length) % options.length;
    options.forEach((option, index) =>
      option.setAttribute("aria-selected", String(index === this.#picked)),
    );
    options[this.#picked].scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.#suggested.length > 0 && this.#suggestionKey(event)) return event.preventDefault();
    if (this.inline.key(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && !this.bar.hidden) {
      this.#dismiss();
    } else if (event.key === "ArrowUp" && this.field.value === "") {
      const message = this.#conversation.lastOwnText();
      if (message) this.edit(message);
    }
  }

  #suggestionKey(event) {
    const entry = this.#suggested[this.#picked];
    if (event.key === "ArrowDown" || event.key === "ArrowUp")
      this.#move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Tab") entry.insert();
    else if (event.key === "Enter" && !event.shiftKey) this.#take(entry);
    else if (event.key === "Escape") this.#suggest([]);
    else return false;
    return true;
  }

  #pasted(event) {
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    this.#offerPhoto(file);
  }

  /** Takes a dropped file. */
  drop(file) {
    if (file?.type.startsWith("image/") && !this.row.hidden) this.#offerPhoto(file);
    else this.#phone.actions.toast("Only pictures can be sent");
  }

  async #offerPhoto(file) {
    if (!file) return;
    const address = URL.createObjectURL(file);
    const { chat } = this.#conversation;
    const caption = await openSheet(this.#phone.element, {
      title: "Send a photo",
      className: "photo-sheet",
      build: (close) => {
        const field = el("input", {
          "data-autofocus": true,
          placeholder: "Caption",
          "aria-label": "Caption",
          dir: "auto",
          onkeydown: (event) => event.key === "Enter" && close(field.value),
        });
        return {
          body: [
            el("img", { src: address, alt: "The picture to send" }),
            el("label", { class: "field" }, el("span", {}, "Caption"), field),
          ],
          buttons: [
            el(
              "button",
              { type: "button", class: "sheet-button", onclick: () => close() },
              "Cancel",
            ),
            el(
              "button",
              { type: "button", class: "sheet-button strong", onclick: () => close(field.value) },
              "Send photo",
            ),
          ],
        };
      },
    });
    URL.revokeObjectURL(address);
    if (caption === null) return;
    const png = await asPng(file);
    await this.#phone.attempt(
      act(this.#phone.person.id, "photo", {
        chat: chat.key,
        png,
        ...(caption.trim() ? { caption: caption.trim() } : {}),
      }),
    );
  }
}
