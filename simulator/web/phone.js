// One person's own Telegram: whose it is, their chats, the open chat, and what they do in it.

import { act, Refused } from "./api.js";
import { avatar } from "./avatar.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { el, iconButton } from "./dom.js";
import { counted, fullName } from "./format.js";
import { named, replied } from "./message.js";
import { openMiniApp } from "./mini_app.js";
import {
  alertSheet,
  chooseUser,
  confirmSheet,
  enlarge,
  openMenu,
  showToast,
} from "./sheets.js";

const TYPING_MS = 5000;
const TELEGRAM_HOSTS = new Set(["t.me", "telegram.me"]);

/** What a `t.me` link names: a username, or an invoice (`$…`); "" for any other address. */
function linked(address) {
  const url = new URL(address);
  return TELEGRAM_HOSTS.has(url.hostname) ? url.pathname.split("/")[1] : "";
}

export class Phone {
  #page;
  #conversations = new Map();
  #typing = new Map();
  #entries = new Map();

  /** @param page what surrounds the phones: `editPerson`, `newChat`, `editGroup`, `onUnread` */
  constructor(person, world, page) {
    this.person = person;
    this.world = world;
    this.#page = page;
    this.open = null;
    this.actions = this.#actions();
    this.attempt = this.attempt.bind(this);
    this.composer = new Composer(this);
    this.#build();
    this.refresh();
    this.#openFirst();
  }

  #build() {
    this.owner = el("header", { class: "owner" });
    this.rail = el("nav", { class: "rail", "aria-label": "Chats" });
    this.addButton = el(
      "div",
      { class: "rail-add" },
      iconButton("plus", "New chat", () => this.#page.newChat(this)),
    );
    this.header = el("header", { class: "chat-header" });
    this.stage = el(
      "div",
      { class: "stage" },
      el("p", { class: "nothing" }, el("span", { class: "service-text" }, "Choose a chat")),
    );
    this.element = el(
      "section",
      { class: "phone", "data-person": this.person.id, "aria-label": fullName(this.person) },
      this.owner,
      el(
        "div",
        { class: "screen" },
        this.rail,
        el("div", { class: "chat" }, this.header, this.stage, this.composer.element),
      ),
    );
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      if (this.open) this.composer.drop(event.dataTransfer.files[0]);
    });
    this.rail.append(this.addButton);
  }

  #actions() {
    return {
      isLocalLink: (address) =>
        linked(address).startsWith("$") || Boolean(this.world.byUsername(linked(address))),
      openLink: (address) => this.openLink(address),
      openMention: (username) => this.openUser(this.world.byUsername(username)?.id),
      openUser: (id) => this.openUser(id),
      openWebApp: (spec) => this.#openMiniApp(spec.web_app.url),
      sendText: (text) => this.send({ text }),
      copy: async (text) => {
        await navigator.clipboard.writeText(text);
        showToast(this.element, "Copied");
      },
      enlarge,
      toast: (text) => showToast(this.element, text),
      reply: (message) => this.composer.reply(message),
      dismiss: (message) => this.#dismiss(message),
      typeInline: (query) => this.#typeInline(query),
      menu: (view, point) => this.#messageMenu(view, point),
    };
  }

  /** Opens a Mini App of the bot whose chat is open. */
  async #openMiniApp(url) {
    const [bot] = this.open.chat.bots;
    await this.attempt(openMiniApp(this, this.world.bots.get(bot), url));
  }

  /** Waits for an act; a refusal is shown as a notice. True if it succeeded. */
  async attempt(doing) {
    try {
      await doing;
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      showToast(this.element, error.message);
      return false;
    }
  }

  /** Sends a text to the open chat, as the reply that was begun if there is one. */
  async send(fields) {
    const conversation = this.open;
    const target = replied(conversation.replyTo);
    conversation.replyTo = null;
    this.composer.refresh();
    return this.attempt(
      act(this.person.id, "send", { chat: conversation.chat.key, ...target, ...fields }),
    );
  }

  /** Follows a link into this simulator. */
  async openLink(address) {
    if (!this.actions.isLocalLink(address)) return void window.open(address, "_blank", "noopener");
    const { searchParams } = new URL(address);
    if (searchParams.has("startgroup")) return this.#startInGroup(address);
    const user = this.world.byUsername(linked(address));
    if (user) this.openUser(user.id);
    if (!user || searchParams.has("start"))
      await this.attempt(act(this.person.id, "open_link", { url: address }));
  }

  async #startInGroup(address) {
    const groups = this.world.chatsOf(this.person.id).filter((chat) => chat.type === "group");
    const extras = groups.map((chat) => ({ label: chat.title, icon: "users", value: chat.key }));
    const group = await chooseUser(this.element, { title: "Add to a group", users: [], extras });
    if (group && (await this.attempt(act(this.person.id, "open_link", { url: address, group }))))
      this.openChat(group);
  }

  /** Types a bot's name and what follows it, here or in a chat that is chosen first. */
  async #typeInline({ bot, query, where, kinds = [] }) {
    if (where === "chosen") {
      const chats = this.world.chatsOf(this.person.id).filter((chat) => chat.type === "group");
      const others = [...this.world.people.values()].filter(({ id }) => id !== this.person.id);
      const chosen = await chooseUser(this.element, {
        title: "Send to",
        users: kinds.includes("user") ? others : [],
        extras: kinds.includes("group")
          ? chats.map((chat) => ({ label: chat.title, icon: "users", value: chat.key }))
          : [],
      });
      if (chosen === null) return;
      if (typeof chosen === "string") this.openChat(chosen);
      else this.openUser(chosen);
    }
    this.composer.write(`@${bot} ${query}`);
  }

  openUser(id) {
    if (id === undefined) return showToast(this.element, "Nobody here has that name");
    if (id === this.person.id) return showToast(this.element, "That is you");
    this.openChat(this.world.chatWith(this.person.id, id).key);
  }

  openChat(key) {
    const next = this.conversation(key);
    if (this.open === next) return this.composer.focus();
    this.open?.leave();
    this.open = next;
    next.enter();
    this.composer.show(next);
    this.refresh();
  }

  #openFirst() {
    const first = this.world.chatsOf(this.person.id)[0];
    if (first) this.openChat(first.key);
  }

  conversation(key) {
    if (!this.#conversations.has(key)) {
      const conversation = new Conversation({
        person: this.person,
        chat: this.world.chat(key, this.person.id),
        world: this.world,
        actions: this.actions,
        onChange: () => this.#changed(conversation),
      });
      this.#conversations.set(key, conversation);
      this.stage.append(conversation.element);
    }
    return this.#conversations.get(key);
  }

  /** How many messages wait here unread. */
  get unread() {
    return [...this.#conversations.values()].reduce(
      (sum, conversation) => sum + conversation.unread,
      0,
    );
  }

  #changed(conversation) {
    this.#drawEntry(conversation.chat);
    if (conversation === this.open) this.composer.refresh();
    this.#page.onUnread(this);
  }

  /** Called when this phone comes into view. */
  shown() {
    this.open?.seen();
  }

  /** Takes in one event of the world. */
  receive(event) {
    if (["person", "bot", "chat"].includes(event.type)) return this.#worldChanged();
    if (!event.to?.includes(this.person.id)) return;
    if (event.type === "toast") return this.#answer(event);
    if (!this.world.chat(event.chat, this.person.id)) return;
    if (event.type === "action") return this.#showTyping(event.chat, event.action);
    if (event.type === "message") this.#showTyping(event.chat, null);
    this.conversation(event.chat).receive(event);
  }

  #worldChanged() {
    this.person = this.world.people.get(this.person.id);
    for (const conversation of this.#conversations.values()) {
      conversation.person = this.person;
      conversation.chat =
        this.world.chat(conversation.chat.key, this.person.id) ?? conversation.chat;
      conversation.introduce();
    }
    this.refresh();
    if (!this.open) this.#openFirst();
  }

  #answer({ text, alert }) {
    if (!text) return;
    if (alert)
      alertSheet(
        this.element,
        this.open ? this.world.title(this.open.chat, this.person.id) : "Telegram",
        text,
      );
    else showToast(this.element, text);
  }

  #showTyping(key, action) {
    clearTimeout(this.#typing.get(key)?.timer);
    if (action)
      this.#typing.set(key, {
        action,
        timer: setTimeout(() => this.#showTyping(key, null), TYPING_MS),
      });
    else this.#typing.delete(key);
    if (this.open?.chat.key === key) this.#drawHeader();
  }

  /** Draws what surrounds the messages: owner, chats, header, composer. */
  refresh() {
    this.element.setAttribute("aria-label", fullName(this.person));
    this.owner.replaceChildren(
      avatar(this.person.id, fullName(this.person), "small"),
      el("h2", { dir: "auto" }, fullName(this.person)),
      el("span", { class: "handle" }, this.person.username ? `@${this.person.username}` : ""),
      iconButton("edit", `Edit ${fullName(this.person)}`, () =>
        this.#page.editPerson(this.person),
      ),
    );
    for (const chat of this.world.chatsOf(this.person.id)) this.#drawEntry(chat);
    for (const [key, entry] of this.#entries) {
      if (!this.world.chat(key, this.person.id)) entry.remove();
    }
    this.#drawHeader();
    this.composer.refresh();
  }

  #drawEntry(chat) {
    const title = this.world.title(chat, this.person.id);
    const conversation = this.#conversations.get(chat.key);
    const unread = conversation?.unread ?? 0;
    const button =
      this.#entries.get(chat.key) ??
      el("button", {
        type: "button",
        class: "chat-entry",
        "data-chat-key": chat.key,
        onclick: () => this.openChat(chat.key),
      });
    if (!this.#entries.has(chat.key)) {
      this.#entries.set(chat.key, button);
      this.addButton.before(button);
    }
    button.setAttribute(
      "aria-label",
      unread ? `${title}, ${counted(unread, "unread message")}` : title,
    );
    button.title = conversation?.lastLine ? `${title}: ${conversation.lastLine}` : title;
    if (this.open?.chat.key === chat.key) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    const badge = el(
      "span",
      { class: "badge", hidden: unread === 0 },
      unread > 99 ? "99+" : String(unread),
    );
    button.replaceChildren(
      el(
        "span",
        { class: "entry-picture" },
        avatar(chat.type === "group" ? chat.id : this.world.peer(chat, this.person.id).id, title),
        badge,
      ),
      el("span", { class: "entry-title", dir: "auto" }, title),
    );
  }

  #drawHeader() {
    const chat =
      this.open && (this.world.chat(this.open.chat.key, this.person.id) ?? this.open.chat);
    this.header.hidden = !chat;
    if (!chat) return;
    const title = this.world.title(chat, this.person.id);
    const typing = this.#typing.has(chat.key);
    const menu = iconButton(
      "menu",
      "Chat menu",
      () => {
        const { left, bottom } = menu.getBoundingClientRect();
        openMenu(this.element, { x: left, y: bottom }, this.#chatMenu(chat));
      },
      { "aria-haspopup": "menu" },
    );
    this.header.replaceChildren(
      avatar(
        chat.type === "group" ? chat.id : this.world.peer(chat, this.person.id).id,
        title,
        "medium",
      ),
      el(
        "div",
        { class: "chat-title" },
        el("h3", { dir: "auto" }, title),
        el(
          "p",
          { class: `status${typing ? " typing" : ""}` },
          typing ? this.#typingText(chat) : this.#status(chat),
        ),
      ),
      menu,
    );
  }

  #typingText(chat) {
    const { action } = this.#typing.get(chat.key);
    const what =
      action === "upload_photo"
        ? "sending a photo"
        : action === "upload_document"
          ? "sending a file"
          : "typing";
    const who =
      chat.type === "group" && chat.bots.length
        ? `${fullName(this.world.bots.get(chat.bots[0]))} is `
        : "";
    return [
      `${who}${what}`,
      el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
    ].map((part) => (typeof part === "string" ? document.createTextNode(part) : part));
  }

  #status(chat) {
    if (chat.type === "private") return "bot";
    if (chat.type === "direct") return "online";
    return counted(chat.members.length + chat.bots.length, "member");
  }

  #chatMenu(chat) {
    if (chat.type === "group") {
      return [
        { label: "Edit group", icon: "edit", run: () => this.#page.editGroup(chat) },
        { label: "Leave group", icon: "close", danger: true, run: () => this.#leave(chat) },
      ];
    }
    if (chat.type === "direct")
      return [{ label: "New group", icon: "users", run: () => this.#page.newGroup(this) }];
    const bot = chat.bots[0];
    const blocked = this.person.blocked?.includes(bot);
    return [
      {
        label: blocked ? "Unblock bot" : "Block bot",
        icon: "shield",
        danger: !blocked,
        run: () => this.attempt(act(this.person.id, blocked ? "unblock" : "block", { bot })),
      },
    ];
  }

  async #leave(chat) {
    const yes = await confirmSheet(this.element, {
      title: chat.title,
      text: "Leave this group?",
      yes: "Leave",
      danger: true,
    });
    if (yes) await this.attempt(act(this.person.id, "leave", { chat: chat.key }));
  }

  #dismiss(message) {
    const where = { chat: this.open.chat.key, ...named(message) };
    return this.attempt(act(this.person.id, "dismiss", where));
  }

  #messageMenu(view, point) {
    const { message } = view;
    const text = message.text ?? message.caption;
    const where = { chat: this.open.chat.key, message_id: message.message_id };
    const items = [
      view.answerable
        ? { label: "Reply", icon: "reply", run: () => this.composer.reply(message) }
        : null,
      text ? { label: "Copy text", icon: "copy", run: () => this.actions.copy(text) } : null,
      view.changeable
        ? { label: "Edit", icon: "edit", run: () => this.composer.edit(message) }
        : null,
      view.ephemeral
        ? { label: "Dismiss", icon: "close", run: () => this.#dismiss(message) }
        : {
            label: "Delete",
            icon: "trash",
            danger: true,
            run: () => this.attempt(act(this.person.id, "delete", where)),
          },
    ];
    const offered = items.filter(Boolean);
    if (offered.length > 0) openMenu(this.element, point, offered);
  }
}
