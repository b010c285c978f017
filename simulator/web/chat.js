// The page: a phone for each person, tabs for a narrow screen, and the stream that moves it all.

import { call, follow, Refused } from "./api.js";
import { avatar } from "./avatar.js";
import { el, icon } from "./dom.js";
import { fullName } from "./format.js";
import { Phone } from "./phone.js";
import { checklist, chooseUser, formSheet, showToast } from "./sheets.js";
import { themeToggle } from "./theme.js";
import { World } from "./world.js";

const RETRY_MS = 500;
const PERSON_FIELDS = [
  { name: "first_name", label: "First name", required: true },
  { name: "last_name", label: "Last name" },
  {
    name: "username",
    label: "Username",
    hint: "letters, digits, underscores",
    pattern: "[A-Za-z][A-Za-z0-9_]{2,31}",
  },
  { name: "phone", label: "Phone", hint: "+44 20 7946 0958" },
  { name: "language_code", label: "Language", hint: "en" },
];

class Page {
  #phones = new Map();
  #tabs = new Map();
  #world;
  #unfollow = () => {};

  constructor() {
    this.main = document.querySelector(".phones");
    this.nav = document.querySelector(".people");
    document.querySelector(".topbar-actions").append(
      this.#toolbarButton("person", "Add person", () => this.addPerson()),
      this.#toolbarButton("users", "New group", () => this.newGroup()),
      themeToggle(),
    );
  }

  #toolbarButton(name, label, onclick) {
    return el(
      "button",
      { type: "button", class: "toolbar-button", "aria-label": label, onclick },
      icon(name),
      el("span", {}, label),
    );
  }

  /** Reads the whole world, draws it, and follows what happens from there. */
  async start() {
    this.#unfollow();
    const state = await call("GET", "/sim/state").catch(() => null);
    if (state === null) {
      this.#connected(false);
      setTimeout(() => this.start(), RETRY_MS);
      return;
    }
    this.#draw(state);
    this.#unfollow = follow({
      seq: state.seq,
      onEvent: (event) => this.#receive(event),
      onGap: () => this.start(),
      onConnected: (connected) => this.#connected(connected),
    });
  }

  #draw(state) {
    this.#world = new World(state);
    this.#phones.clear();
    this.#tabs.clear();
    this.main.replaceChildren();
    this.nav.replaceChildren();
    for (const person of this.#world.people.values()) this.#addPhone(person);
    for (const keyboard of state.keyboards) this.#receive({ ...keyboard, type: "keyboard" });
    this.#welcome();
  }

  #receive(event) {
    if (event.type === "reset") return this.start();
    this.#world.apply(event);
    if (event.type === "person" && !this.#phones.has(event.person.id)) {
      this.#addPhone(event.person);
      this.#welcome();
    }
    for (const phone of this.#phones.values()) phone.receive(event);
    if (event.type === "person") this.#drawTab(this.#phones.get(event.person.id));
  }

  #connected(connected) {
    const status = document.querySelector(".connection");
    status.dataset.connection = connected ? "live" : "connecting";
    status.textContent = connected ? "Live" : "Connecting…";
  }

  #addPhone(person) {
    const phone = new Phone(person, this.#world, this);
    this.#phones.set(person.id, phone);
    this.main.append(phone.element);
    const tab = el("button", {
      type: "button",
      role: "tab",
      class: "person-tab",
      "data-person-tab": person.id,
      onclick: () => this.#tapTab(person.id),
    });
    this.#tabs.set(person.id, tab);
    this.nav.append(tab);
    this.#drawTab(phone);
    if (this.#phones.size === 1) this.#select(person.id);
    phone.element.classList.add("ready");
  }

  /** Chooses a person; a second tap edits them. */
  #tapTab(id) {
    if (this.#tabs.get(id).getAttribute("aria-selected") === "true")
      this.editPerson(this.#world.people.get(id));
    else this.#select(id);
  }

  #select(id) {
    for (const [personId, tab] of this.#tabs) {
      const selected = personId === id;
      tab.setAttribute("aria-selected", String(selected));
      this.#phones.get(personId).element.classList.toggle("selected", selected);
    }
    this.#phones.get(id).shown();
  }

  #drawTab(phone) {
    const tab = this.#tabs.get(phone.person.id);
    const name = fullName(phone.person);
    const { unread } = phone;
    tab.setAttribute("aria-label", unread ? `${name}, ${unread} unread` : name);
    tab.replaceChildren(
      avatar(phone.person.id, name, "tiny"),
      el("span", { class: "tab-name", dir: "auto" }, phone.person.first_name),
      icon("edit"),
      el("span", { class: "badge", hidden: unread === 0 }, String(unread)),
    );
  }

  onUnread(phone) {
    if (this.#tabs.has(phone.person.id)) this.#drawTab(phone);
  }

  #welcome() {
    this.main.querySelector(".welcome")?.remove();
    if (this.#phones.size > 0) return;
    this.main.append(
      el(
        "div",
        { class: "welcome" },
        el("img", { src: "/static/icon.svg", alt: "", width: 72, height: 72 }),
        el("h2", {}, "Nobody here yet"),
        el(
          "p",
          {},
          "Add a person to give them a phone, and point a bot at ",
          el("code", {}, location.origin),
          ".",
        ),
        el(
          "button",
          { type: "button", class: "primary-button", onclick: () => this.addPerson() },
          "Add person",
        ),
      ),
    );
  }

  async #attempt(doing) {
    try {
      return await doing;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      showToast(document.body, error.message);
      return null;
    }
  }

  async addPerson() {
    const values = await formSheet(document.body, {
      title: "Add person",
      fields: PERSON_FIELDS,
      yes: "Add",
    });
    if (!values) return;
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
    const person = await this.#attempt(call("POST", "/sim/people", given));
    if (person && this.#phones.has(person.id)) this.#select(person.id);
  }

  async editPerson(person) {
    const fields = PERSON_FIELDS.map((field) => ({ ...field, value: person[field.name] }));
    const values = await formSheet(document.body, {
      title: `Edit ${fullName(person)}`,
      fields,
      yes: "Save",
    });
    if (!values) return;
    const changed = Object.fromEntries(
      Object.entries(values)
        .filter(([name, value]) => value !== (person[name] ?? ""))
        .map(([name, value]) => [name, value === "" ? null : value]),
    );
    if (Object.keys(changed).length > 0)
      await this.#attempt(call("PATCH", `/sim/people/${person.id}`, changed));
  }

  async newChat(phone) {
    const users = [...this.#world.bots.values(), ...this.#world.people.values()].filter(
      (user) => user.id !== phone.person.id,
    );
    const chosen = await chooseUser(phone.element, {
      title: "New chat",
      users,
      extras: [{ label: "New group", icon: "users", value: "group" }],
    });
    if (chosen === "group") await this.newGroup(phone);
    else if (chosen !== null) phone.openUser(chosen);
  }

  async newGroup(phone = null) {
    const users = [...this.#world.people.values(), ...this.#world.bots.values()].filter(
      (user) => user.id !== phone?.person.id,
    );
    const list = checklist(users);
    const values = await formSheet(phone?.element ?? document.body, {
      title: "New group",
      fields: [{ name: "title", label: "Group name", required: true }],
      yes: "Create",
      extra: list,
    });
    if (!values) return;
    const bots = values.extra
      .map((id) => this.#world.bots.get(id))
      .filter(Boolean)
      .map((bot) => bot.username);
    const members = [
      ...(phone ? [phone.person.id] : []),
      ...values.extra.filter((id) => this.#world.people.has(id)),
    ];
    const chat = await this.#attempt(
      call("POST", "/sim/groups", { title: values.title, members, bots }),
    );
    if (!chat) return;
    this.#world.apply({ type: "chat", chat });
    for (const one of phone ? [phone] : this.#phones.values()) {
      if (members.includes(one.person.id)) one.openChat(chat.key);
    }
  }

  async editGroup(chat) {
    const outside = [...this.#world.people.values()].filter(
      (person) => !chat.members.includes(person.id),
    );
    const list = checklist(outside);
    const values = await formSheet(document.body, {
      title: "Edit group",
      yes: "Save",
      fields: [{ name: "title", label: "Group name", value: chat.title, required: true }],
      extra: {
        element: el(
          "div",
          {},
          outside.length ? el("p", { class: "field-title" }, "Add members") : null,
          list.element,
        ),
        value: list.value,
      },
    });
    if (!values) return;
    const changes = {
      ...(values.title === chat.title ? {} : { title: values.title }),
      ...(values.extra.length ? { add: values.extra } : {}),
    };
    if (Object.keys(changes).length > 0)
      await this.#attempt(call("PATCH", `/sim/groups/${chat.id}`, changes));
  }
}

new Page().start();
