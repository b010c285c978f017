// A stand-in for https://telegram.org/js/telegram-web-app.js: the part of `Telegram.WebApp` that
// Mini Apps of this machine are tried with, speaking the same messages to whoever frames them.

(() => {
  const given = new URLSearchParams(location.hash.slice(1));
  const initData = given.get("tgWebAppData") ?? "";
  const version = given.get("tgWebAppVersion") ?? "6.0";
  const themeParams = JSON.parse(given.get("tgWebAppThemeParams") || "{}");
  const listeners = new Map();

  const post = (eventType, eventData = {}) =>
    window.parent.postMessage(JSON.stringify({ eventType, eventData }), "*");
  const emit = (name, ...data) => listeners.get(name)?.forEach((listener) => listener(...data));
  const onEvent = (name, listener) =>
    listeners.set(name, new Set([...(listeners.get(name) ?? []), listener]));
  const offEvent = (name, listener) => listeners.get(name)?.delete(listener);

  /** Waits for one message, to one request where there may be several; `read` answers it. */
  const waiting = new Map();
  const waitsFor = (eventType, req_id = "") => `${eventType} ${req_id}`;
  const once = (eventTypes, read, req_id) =>
    eventTypes.forEach((eventType) =>
      waiting.set(waitsFor(eventType, req_id), (data) => {
        eventTypes.forEach((other) => waiting.delete(waitsFor(other, req_id)));
        read(data, eventType);
      }),
    );
  let requests = 0;

  const received = {
    main_button_pressed: () => emit("mainButtonClicked"),
    back_button_pressed: () => emit("backButtonClicked"),
    biometry_info_received: (info) => biometry.learn(info),
  };
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent) return;
    const { eventType, eventData } = JSON.parse(event.data);
    received[eventType]?.(eventData);
    waiting.get(waitsFor(eventType, eventData.req_id))?.(eventData);
  });

  const isVersionAtLeast = (wanted) => {
    const [ours, theirs] = [version, wanted].map((text) => text.split(".").map(Number));
    return ours[0] !== theirs[0] ? ours[0] > theirs[0] : ours[1] >= (theirs[1] ?? 0);
  };

  const MainButton = {
    text: "Continue",
    isVisible: false,
    isActive: true,
    isProgressVisible: false,
    set(changes) {
      Object.assign(MainButton, changes);
      post("web_app_setup_main_button", {
        is_visible: MainButton.isVisible,
        is_active: MainButton.isActive,
        is_progress_visible: MainButton.isProgressVisible,
        text: MainButton.text,
      });
      return MainButton;
    },
    setText: (text) => MainButton.set({ text }),
    show: () => MainButton.set({ isVisible: true }),
    hide: () => MainButton.set({ isVisible: false }),
    enable: () => MainButton.set({ isActive: true }),
    disable: () => MainButton.set({ isActive: false }),
    showProgress: () => MainButton.set({ isProgressVisible: true }),
    hideProgress: () => MainButton.set({ isProgressVisible: false }),
    onClick: (listener) => onEvent("mainButtonClicked", listener),
    offClick: (listener) => offEvent("mainButtonClicked", listener),
  };

  const setBack = (is_visible) => {
    BackButton.isVisible = is_visible;
    post("web_app_setup_back_button", { is_visible });
    return BackButton;
  };
  const BackButton = {
    isVisible: false,
    show: () => setBack(true),
    hide: () => setBack(false),
    onClick: (listener) => onEvent("backButtonClicked", listener),
    offClick: (listener) => offEvent("backButtonClicked", listener),
  };

  const feel = (type) => post("web_app_trigger_haptic_feedback", { type });

  const biometry = {
    isInited: false,
    isBiometricAvailable: false,
    biometricType: "unknown",
    isAccessRequested: false,
    isAccessGranted: false,
    isBiometricTokenSaved: false,
    deviceId: "",
    learn(info) {
      biometry.isInited = true;
      biometry.isBiometricAvailable = info.available;
      biometry.biometricType = info.type;
      biometry.isAccessRequested = info.access_requested;
      biometry.isAccessGranted = info.access_granted;
      biometry.isBiometricTokenSaved = info.token_saved;
      biometry.deviceId = info.device_id;
    },
    init(done) {
      once(["biometry_info_received"], () => done?.());
      post("web_app_biometry_get_info");
    },
    requestAccess({ reason }, done) {
      once(["biometry_info_received"], () => done?.(biometry.isAccessGranted));
      post("web_app_biometry_request_access", { reason });
    },
    authenticate({ reason }, done) {
      once(["biometry_auth_requested"], ({ status, token }) =>
        done?.(status === "authorized", token),
      );
      post("web_app_biometry_request_auth", { reason });
    },
    updateBiometricToken(token, done) {
      once(["biometry_token_updated"], ({ status }) => {
        if (status !== "failed") biometry.isBiometricTokenSaved = status === "updated";
        done?.(status !== "failed");
      });
      post("web_app_biometry_update_token", { token });
    },
  };

  /** What the client keeps for this app on the device: `kind` is "secure" or "device". */
  const storage = (kind) => {
    const ask = (what, asked, answer, read) => {
      const req_id = `${++requests}`;
      once([`${kind}_storage_${answer}`, `${kind}_storage_failed`], read, req_id);
      post(`web_app_${kind}_storage_${what}`, { req_id, ...asked });
    };
    const setItem = (key, value, done) =>
      ask("save_key", { key, value }, "key_saved", ({ error = null }) => done?.(error, !error));
    return {
      setItem,
      removeItem: (key, done) => setItem(key, null, done),
      getItem: (key, done) =>
        ask("get_key", { key }, "key_received", ({ error = null, value, can_restore }) =>
          done?.(error, value ?? null, can_restore ?? false),
        ),
      clear: (done) => ask("clear", {}, "cleared", ({ error = null }) => done?.(error, !error)),
    };
  };

  function showScanQrPopup({ text }, found) {
    once(["qr_text_received", "scan_qr_popup_closed"], ({ data }, eventType) => {
      if (eventType === "scan_qr_popup_closed") emit("scanQrPopupClosed");
      else found?.(data);
    });
    post("web_app_open_scan_qr_popup", { text });
  }

  function showPopup({ title = "", message, buttons = [{ id: "", type: "close" }] }, done) {
    once(["popup_closed"], ({ button_id = null }) => done?.(button_id));
    post("web_app_open_popup", { title, message, buttons });
  }

  function shareMessage(id, done) {
    once(["prepared_message_sent", "prepared_message_failed"], (_, eventType) =>
      done?.(eventType === "prepared_message_sent"),
    );
    post("web_app_send_prepared_message", { id });
  }

  function openTelegramLink(url) {
    const { pathname, search } = new URL(url);
    post("web_app_open_tg_link", { path_full: pathname + search });
  }

  const unsafe = Object.fromEntries(new URLSearchParams(initData));
  if (unsafe.user) unsafe.user = JSON.parse(unsafe.user);

  const root = document.documentElement;
  for (const [name, colour] of Object.entries(themeParams))
    root.style.setProperty(`--tg-theme-${name.replaceAll("_", "-")}`, colour);
  const measure = () =>
    root.style.setProperty("--tg-viewport-stable-height", `${window.innerHeight}px`);
  measure();
  window.addEventListener("resize", measure);

  window.Telegram = {
    WebApp: {
      initData,
      initDataUnsafe: unsafe,
      version,
      platform: given.get("tgWebAppPlatform") ?? "unknown",
      themeParams,
      colorScheme: isDark(themeParams.bg_color) ? "dark" : "light",
      isVersionAtLeast,
      onEvent,
      offEvent,
      MainButton,
      BackButton,
      BiometricManager: biometry,
      SecureStorage: storage("secure"),
      DeviceStorage: storage("device"),
      HapticFeedback: {
        impactOccurred: feel,
        notificationOccurred: feel,
        selectionChanged: () => feel("selection"),
      },
      ready: () => post("web_app_ready"),
      expand: () => post("web_app_expand"),
      close: () => post("web_app_close"),
      disableVerticalSwipes: () => post("web_app_setup_swipe_behavior"),
      showScanQrPopup,
      showPopup,
      shareMessage,
      openTelegramLink,
    },
  };

  function isDark(colour) {
    const parts = /^#(..)(..)(..)$/.exec(colour ?? "");
    if (!parts) return false;
    const [red, green, blue] = parts.slice(1).map((part) => parseInt(part, 16));
    return red * 0.3 + green * 0.59 + blue * 0.11 < 120;
  }
})();
