// What Telegram lends: its buttons, its scanner, the finger, and who this is. Telegram's own
// script is loaded before; outside of Telegram there is no initData, and the server lets nobody in.

const app = window.Telegram?.WebApp;

export const initData = app?.initData ?? "";
export const myId = app?.initDataUnsafe?.user?.id ?? 0;

const knows = (version) => Boolean(app?.isVersionAtLeast?.(version));
const DEVICES = { android: "Android", ios: "iPhone", macos: "Mac", tdesktop: "Desktop" };

/** What this device is called until its owner says otherwise. */
export const deviceName = DEVICES[app?.platform] ?? "Telegram Web";

let onMain = null;
let onBack = null;

/** Says that the page is drawn, takes all the height there is, and asks before it is swiped away. */
export function begin() {
  paint();
  app?.onEvent?.("themeChanged", paint);
  app?.ready();
  app?.expand();
  if (knows("7.7")) app.disableVerticalSwipes();
  app?.MainButton?.onClick(() => onMain?.());
  app?.BackButton?.onClick(() => onBack?.());
}

function paint() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const isDark = app?.initData ? app.colorScheme === "dark" : dark;
  document.documentElement.classList.toggle("dark", isDark);
  document.documentElement.classList.toggle("light", !isDark);
}

/** The one big button below the page, or none. */
export function mainButton(text, run) {
  onMain = run;
  const button = app?.MainButton;
  if (!button) return;
  button.hideProgress();
  if (!text) return void button.hide();
  button.setText(text);
  button.enable();
  button.show();
}

/** Shows on the big button that something is under way. */
export function busy(is) {
  const button = app?.MainButton;
  if (!button?.isVisible) return;
  if (is) {
    button.disable();
    button.showProgress();
  } else {
    button.enable();
    button.hideProgress();
  }
}

/** The way back in the header, or none. */
export function backButton(run) {
  onBack = run;
  if (!knows("6.1")) return;
  if (run) app.BackButton.show();
  else app.BackButton.hide();
}

export const close = () => app?.close();

/** "success", "error" or "warning" for the hand that holds the phone. */
export function feel(what) {
  if (!knows("6.1")) return;
  if (what === "tap") app.HapticFeedback.impactOccurred("light");
  else app.HapticFeedback.notificationOccurred(what);
}

/** Asks a question; true for yes. */
export function ask(message, yes, no) {
  if (!knows("6.2")) return Promise.resolve(window.confirm(message));
  const buttons = [
    { id: "yes", type: "destructive", text: yes },
    { id: "no", type: "default", text: no },
  ];
  return new Promise((resolve) =>
    app.showPopup({ message, buttons }, (pressed) => resolve(pressed === "yes")),
  );
}

/** The text of one QR code; null when the scanner was closed. */
export function scan(text) {
  if (!knows("6.4")) return Promise.resolve(null);
  return new Promise((resolve) => {
    const closed = () => {
      app.offEvent("scanQrPopupClosed", closed);
      resolve(null);
    };
    app.onEvent("scanQrPopupClosed", closed);
    app.showScanQrPopup({ text }, (found) => {
      app.offEvent("scanQrPopupClosed", closed);
      resolve(found);
      return true;
    });
  });
}

export const canScan = knows("6.4");
export const canShare = knows("8.0");

/** Offers a prepared message for any chat. */
export const share = (prepared) =>
  new Promise((resolve) => app.shareMessage(prepared, (sent) => resolve(sent)));

export const openLink = (url) => app?.openTelegramLink(url);

// --- what this device keeps ----------------------------------------------------------------------

/** Asks the phone's keychain, by Telegram; where there is none, `error` says so. */
const keychain = (method, ...given) =>
  new Promise((resolve) => {
    if (knows("9.0")) app.SecureStorage[method](...given, (error, value) => resolve({ error, value }));
    else resolve({ error: "UNSUPPORTED" });
  });

/** Keeps a text on this device, and nowhere else. */
export async function keep(name, text) {
  const { error } = await keychain("setItem", name, text);
  if (error) localStorage.setItem(name, text);
}

/** What was kept; null for nothing. */
export async function kept(name) {
  const { error, value } = await keychain("getItem", name);
  return error ? localStorage.getItem(name) : value;
}

export async function forget(name) {
  const { error } = await keychain("removeItem", name);
  if (error) localStorage.removeItem(name);
}

// --- the finger, or the face ---------------------------------------------------------------------

/**
 * What this device can do: `able`, `allowed` by its owner, and whether it `keeps` a token; `by`
 * "finger" or "face".
 */
export async function finger() {
  const manager = knows("7.2") ? app.BiometricManager : null;
  if (!manager) return { able: false, allowed: false, keeps: false, by: "finger" };
  if (!manager.isInited) await new Promise((resolve) => manager.init(resolve));
  return {
    able: manager.isBiometricAvailable,
    allowed: manager.isAccessGranted,
    keeps: manager.isBiometricAvailable && manager.isAccessGranted && manager.isBiometricTokenSaved,
    by: manager.biometricType === "face" ? "face" : "finger",
  };
}

/** Asks the owner to let this app use the finger; whether it may. */
export const allowFinger = (reason) =>
  new Promise((resolve) => app.BiometricManager.requestAccess({ reason }, resolve));

/** The token that this device keeps, after the right finger; "" after any other. */
export const fingerToken = (reason) =>
  new Promise((resolve) =>
    app.BiometricManager.authenticate({ reason }, (right, token) => resolve(right ? token : "")),
  );

/** Has this device keep a token, or with "" forget it; whether it does. */
export const keepToken = (token) =>
  new Promise((resolve) => app.BiometricManager.updateBiometricToken(token, resolve));
