// What this page knows of the simulated world: people, bots and chats. Messages belong to the
// conversations (conversation.js), because each person sees their own.

import { fullName } from "./format.js";

export class World {
  /** @param state the answer of GET /sim/state */
  constructor(state) {
    this.people = new Map(state.people.map((person) => [person.id, person]));
    this.bots = new Map(state.bots.map((bot) => [bot.id, bot]));
    this.chats = new Map(state.chats.map((chat) => [chat.key, chat]));
    this.clockLead = state.now - Date.now() / 1000;
  }

  /** Takes in what an event says about people, bots, chats or the clock. */
  apply(event) {
    if (event.type === "person") this.people.set(event.person.id, event.person);
    if (event.type === "bot") this.bots.set(event.bot.id, event.bot);
    if (event.type === "chat") this.chats.set(event.chat.key, event.chat);
    if (event.type === "clock") this.clockLead = event.now - Date.now() / 1000;
  }

  /** The simulator's time, in seconds. */
  now() {
    return Date.now() / 1000 + this.clockLead;
  }

  user(id) {
    return this.people.get(id) ?? this.bots.get(id);
  }

  /** The person or bot with this username, in any case. */
  byUsername(username) {
    const wanted = username.toLowerCase();
    return [...this.people.values(), ...this.bots.values()].find(
      (user) => user.username?.toLowerCase() === wanted,
    );
  }

  /** The chats a person has, and one with each bot whether or not anything was said there. */
  chatsOf(personId) {
    const withBots = [...this.bots.keys()].map((botId) => this.chatWith(personId, botId));
    const others = [...this.chats.values()].filter(
      (chat) => chat.members.includes(personId) && !chat.key.startsWith("bot:"),
    );
    return [...withBots, ...others];
  }

  /** The private chat of a person with a bot or another person. */
  chatWith(personId, userId) {
    const bot = this.bots.get(userId);
    const key = bot
      ? `bot:${userId}:${personId}`
      : `direct:${[personId, userId].sort((a, b) => a - b).join(":")}`;
    return (
      this.chats.get(key) ?? {
        key,
        type: bot ? "private" : "direct",
        id: userId,
        title: fullName(this.user(userId)),
        members: bot ? [personId] : [personId, userId],
        bots: bot ? [userId] : [],
      }
    );
  }

  /** The chat with this key as this person has it, or undefined. */
  chat(key, personId) {
    if (this.chats.has(key)) return this.chats.get(key);
    const [kind, ...ids] = key.split(":");
    if (kind === "group") return undefined;
    const other = kind === "bot" ? Number(ids[0]) : ids.map(Number).find((id) => id !== personId);
    return this.user(other) && this.chatWith(personId, other);
  }

  /** Who is at the other end of a private chat, or null for a group. */
  peer(chat, personId) {
    if (chat.type === "private") return this.bots.get(chat.bots[0]) ?? null;
    if (chat.type === "direct")
      return this.people.get(chat.members.find((id) => id !== personId)) ?? null;
    return null;
  }

  /** What this person sees the chat called. */
  title(chat, personId) {
    const peer = this.peer(chat, personId);
    return peer ? fullName(peer) : chat.title;
  }

  /** What the bot of a private chat says about itself in this person's language, or "". */
  description(chat, person) {
    const descriptions = this.peer(chat, person.id)?.descriptions ?? {};
    return descriptions[person.language_code?.slice(0, 2)] ?? descriptions[""] ?? "";
  }

  /** The commands of a chat's bots: `[{command, description, bot}]`. */
  commands(chat) {
    return chat.bots.flatMap((id) => {
      const bot = this.bots.get(id);
      return ((chat.type === "group" ? bot?.group_commands : bot?.commands) ?? []).map(
        (command) => ({ ...command, bot }),
      );
    });
  }
}
