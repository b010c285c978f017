// One chat as one person sees it: its messages in order, grouped by author and by day. It is
// changed message by message, never drawn anew, and stays where it was scrolled to.

import { act, call, Refused } from "./api.js";
import { calm, el, icon } from "./dom.js";
import { counted, dayKey, dayLabel } from "./format.js";
import { messageKey, MessageView, named, summary } from "./message.js";

const GROUP_SECONDS = 600;
const NEAR_BOTTOM_PX = 60;
const PRESS_WAIT_SECONDS = 15;
const DATE_SHOWN_MS = 1200;

export class Conversation {
  #world;
  #views = new Map();
  #days = new Map();
  #queue = null;
  #divider = null;
  #unseen;
  #following = true;
  #scrolledTo = 0;
  #dateTimer = 0;

  /**
   * @param actions what links and buttons of messages do on this person's phone
   * @param onChange called when the unread count, the last line or the keyboard changed
   */
  constructor({ person, chat, world, actions, onChange }) {
    this.person = person;
    this.chat = chat;
    this.actions = actions;
    this.onChange = onChange;
    this.#world = world;
    this.loaded = false;
    this.unread = 0;
    this.lastLine = "";
    this.lastDate = 0;
    this.keyboard = null;
    this.keyboardShown = true;
    this.draft = "";
    this.replyTo = null;
    this.editing = null;
    this.#build();
  }

  #build() {
    this.log = el("div", {
      class: "log",
      role: "log",
      "aria-live": "polite",
      tabindex: "0",
      "aria-label": `Messages in ${this.#world.title(this.chat, this.person.id)}`,
    });
    this.#unseen = el("span", { class: "badge", hidden: true });
    const down = el(
      "button",
      {
        type: "button",
        class: "to-bottom",
        "aria-label": "Scroll to the newest message",
        onclick: () => this.scrollToEnd(),
      },
      icon("down"),
      this.#unseen,
    );
    this.about = el("p", { dir: "auto" });
    this.introduction = el(
      "section",
      { class: "introduction", hidden: true },
      el("strong", {}, "What can this bot do?"),
      this.about,
    );
    this.element = el(
      "div",
      { class: "conversation", hidden: true, "data-chat": this.chat.key },
      this.log,
      this.introduction,
      down,
    );
    this.log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    for (const kind of ["wheel", "touchmove"])
      this.log.addEventListener(kind, () => this.#showDate(), { passive: true });
    this.log.addEventListener("contextmenu", (event) => this.#menu(event));
    this.log.addEventListener("keydown", (event) => this.#key(event));
    this.log.addEventListener("dblclick", (event) => {
      const view = event.target.closest("button, a, [role=button]")
        ? null
        : this.#viewAt(event.target);
      if (view?.answerable) this.actions.reply(view.message);
    });
    new ResizeObserver(() => this.#following && this.#jumpToEnd()).observe(this.log);
  }

  get empty() {
    return this.loaded && this.#views.size === 0;
  }

  get open() {
    return !this.element.hidden && this.element.checkVisibility();
  }

  /** Reads the messages so far; events that arrive meanwhile are applied after them. */
  async load() {
    if (this.loaded || this.#queue) return;
    this.#queue = [];
    const query = new URLSearchParams({ chat: this.chat.key, as: this.person.id });
    try {
      for (const message of await call("GET", `/sim/messages?${query}`)) this.#put(message);
      this.loaded = true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.actions.toast(error.message);
    }
    const waiting = this.#queue;
    this.#queue = null;
    waiting.forEach((event) => this.receive(event));
    this.introduce();
    this.log.classList.add("live");
    this.#jumpToEnd();
    this.onChange();
  }

  /** Shows what a bot says about itself, for as long as its chat is empty. */
  introduce() {
    this.about.textContent = this.empty ? this.#world.description(this.chat, this.person) : "";
    this.introduction.hidden = !this.about.textContent;
  }

  /** Applies a message, edit, delete or keyboard event of this chat. */
  receive(event) {
    if (event.type === "keyboard") return this.setKeyboard(event.markup);
    if (event.type === "message") this.#count(event.message);
    if (this.#queue) return void this.#queue.push(event);
    if (!this.loaded) return;
    if (event.type === "delete") return this.#remove(event);
    const atEnd = this.#following;
    const isNew = !this.#views.has(messageKey(event.message));
    if (isNew && event.type === "edit") return;
    const view = this.#put(event.message);
    if (atEnd || (isNew && view.mine)) this.#jumpToEnd();
    else if (isNew) this.#showUnseen(Number(this.#unseen.textContent || 0) + 1);
    this.introduce();
    this.onChange();
  }

  setKeyboard(markup) {
    this.keyboard = markup;
    this.keyboardShown = true;
    if (markup?.force_reply) this.replyTo = this.#last((view) => view.message.from?.is_bot);
    this.onChange();
  }

  #last(wanted) {
    return [...this.#views.values()].filter(wanted).at(-1)?.message ?? null;
  }

  /** This person's newest message that has a text to edit, or null. */
  lastOwnText() {
    return this.#last((view) => view.changeable);
  }

  #count(message) {
    const mine = message.from?.id === this.person.id && !message.sender_chat;
    if (!mine && !this.open) this.unread += 1;
    this.#remember(message);
    this.onChange();
  }

  #remember(message) {
    this.lastLine = summary(message);
    this.lastDate = message.date;
  }

  #put(message) {
    const key = messageKey(message);
    const known = this.#views.get(key);
    if (known) {
      known.redraw(message);
      return known;
    }
    const view = new MessageView(message, this);
    const covered = this.#views.get(String(message.in_place_of));
    if (covered) this.#exchange(covered, view);
    else {
      this.#views.set(key, view);
      this.#day(message.date).append(view.element);
      this.#regroup(view.element);
    }
    this.#remember(message);
    return view;
  }

  /** Puts a message where another stood. */
  #exchange(gone, view) {
    this.#views.delete(messageKey(gone.message));
    this.#views.set(messageKey(view.message), view);
    gone.element.replaceWith(view.element);
    this.#regroup(view.element);
  }

  #day(seconds) {
    const key = dayKey(seconds);
    if (!this.#days.has(key)) {
      const label = el(
        "div",
        { class: "day-label" },
        el("span", { class: "service-text" }, dayLabel(seconds, this.#world.now())),
      );
      const section = el("section", { class: "day", "data-day": key }, label);
      this.#days.set(key, section);
      this.log.append(section);
    }
    return this.#days.get(key);
  }

  #remove(event) {
    const key = messageKey(event);
    const view = this.#views.get(key);
    if (!view) return;
    if (event.uncovers) {
      this.#exchange(view, new MessageView(event.uncovers, this));
      return this.onChange();
    }
    this.#views.delete(key);
    const row = view.element;
    const neighbours = [row.previousElementSibling, row.nextElementSibling];
    const gone = () => {
      const section = row.parentElement;
      row.remove();
      if (section && !section.querySelector(".row")) {
        section.remove();
        this.#days.delete(section.dataset.day);
      }
      neighbours.forEach((neighbour) => neighbour && this.#regroup(neighbour));
      this.introduce();
      this.onChange();
    };
    row.setAttribute("aria-hidden", "true");
    row.removeAttribute("data-message-id");
    if (calm() || !this.open) return gone();
    row
      .animate(
        [
          { height: `${row.offsetHeight}px`, opacity: 1 },
          { height: 0, opacity: 0, paddingBlock: 0, transform: "scale(.96)" },
        ],
        { duration: 180, easing: "ease-out" },
      )
      .finished.then(gone);
  }

  #regroup(row) {
    for (const one of [row.previousElementSibling, row, row.nextElementSibling]) {
      if (!one?.classList.contains("row")) continue;
      one.classList.toggle("first", !this.#together(one.previousElementSibling, one));
      one.classList.toggle("last", !this.#together(one, one.nextElementSibling));
    }
  }

  #together(above, below) {
    const [first, second] = [above, below].map((row) => this.#views.get(row?.dataset.messageId));
    if (!first || !second || first.service || second.service) return false;
    return (
      first.element.dataset.author === second.element.dataset.author &&
      second.message.date - first.message.date < GROUP_SECONDS
    );
  }

  /** Brings this conversation to the front of its phone. */
  enter() {
    this.element.hidden = false;
    this.load();
    if (this.unread > 0 && this.loaded) this.#divide(this.unread);
    if (this.#following) this.#jumpToEnd();
    else this.log.scrollTop = this.#scrolledTo;
    this.seen();
  }

  leave() {
    this.#scrolledTo = this.log.scrollTop;
    this.element.hidden = true;
    this.#divider?.remove();
  }

  /** Everything here has been looked at. */
  seen() {
    this.unread = 0;
    this.onChange();
  }

  #divide(count) {
    this.#divider?.remove();
    const incoming = [...this.#views.values()].filter((view) => !view.mine);
    const first = incoming.at(-count);
    if (!first) return;
    this.#divider = el(
      "div",
      { class: "unread-divider" },
      el("span", {}, counted(count, "unread message")),
    );
    first.element.before(this.#divider);
    this.#regroup(first.element);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    if (clientHeight === 0) return;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    this.element.classList.toggle("scrolled-up", !this.#following);
    this.#stickDates();
    if (this.#following) this.#showUnseen(0);
  }

  /** A date that covers messages because it sticks to the top is shown only while scrolling. */
  #stickDates() {
    for (const section of this.#days.values()) {
      section.firstChild.classList.toggle("stuck", section.offsetTop < this.log.scrollTop);
    }
  }

  #showDate() {
    clearTimeout(this.#dateTimer);
    this.log.classList.add("scrolling");
    this.#dateTimer = setTimeout(() => this.log.classList.remove("scrolling"), DATE_SHOWN_MS);
  }

  #showUnseen(count) {
    this.#unseen.textContent = count || "";
    this.#unseen.hidden = count === 0;
  }

  #jumpToEnd() {
    this.#following = true;
    this.log.scrollTop = this.log.scrollHeight;
  }

  scrollToEnd() {
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: calm() ? "auto" : "smooth" });
  }

  /** Scrolls to a message and lights it up for a moment. */
  show(key) {
    const view = this.#views.get(key);
    if (!view) return this.actions.toast("That message is not here any more");
    view.element.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    view.element.classList.remove("lit");
    requestAnimationFrame(() => view.element.classList.add("lit"));
    view.element.addEventListener("animationend", () => view.element.classList.remove("lit"), {
      once: true,
    });
  }

  /** Presses an inline button; settles when the bot has answered or was waited for long enough. */
  async press(message, spec) {
    if (spec.copy_text) return this.actions.copy(spec.copy_text.text);
    if (spec.web_app) return this.actions.openWebApp(spec);
    const what =
      spec.callback_data === undefined ? { text: spec.text } : { data: spec.callback_data };
    try {
      const answer = await act(this.person.id, "press", {
        chat: this.chat.key,
        ...named(message),
        ...what,
        wait: PRESS_WAIT_SECONDS,
      });
      if (answer.url) this.actions.openLink(answer.url);
      if (answer.switch_inline_query) this.actions.typeInline(answer.switch_inline_query);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.actions.toast(error.message);
    }
  }

  #viewAt(node) {
    return this.#views.get(node.closest?.(".row")?.dataset.messageId);
  }

  #menu(event) {
    const view = this.#viewAt(event.target);
    if (!view || view.service || event.target.closest("a")) return;
    event.preventDefault();
    const box = view.element.querySelector(".bubble").getBoundingClientRect();
    const byPointer = event.clientX > 0 || event.clientY > 0;
    this.actions.menu(
      view,
      byPointer ? { x: event.clientX, y: event.clientY } : { x: box.left + 20, y: box.top + 20 },
    );
  }

  #key(event) {
    const rows = [...this.log.querySelectorAll(".row[data-message-id]")];
    const at = rows.indexOf(document.activeElement);
    if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      this.#menu({ target: rows[at], clientX: 0, clientY: 0, preventDefault() {} });
      return;
    }
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || (event.target !== this.log && at < 0)) return;
    event.preventDefault();
    rows[at < 0 ? rows.length - 1 : Math.min(Math.max(at + step, 0), rows.length - 1)]?.focus();
  }
}
