-- Devices that may approve without the PIN. storage/records/devices.py runs these.

-- name: add_device(device_id, person_id, name, token_hash, added_at, pin_at)!
-- Stores a new device.
INSERT INTO devices (id, person_id, name, token_hash, added_at, pin_at)
VALUES (:device_id, :person_id, :name, :token_hash, :added_at, :pin_at);

-- name: device(device_id)^
-- One device.
SELECT id, person_id, name, token_hash, added_at, used_at, pin_at
FROM devices WHERE id = :device_id;

-- name: devices_of(person_id)
-- A person's devices, latest first.
SELECT id, person_id, name, token_hash, added_at, used_at, pin_at
FROM devices WHERE person_id = :person_id ORDER BY added_at DESC, id;

-- name: device_owners(ids)
-- Who of several people has a device.
SELECT DISTINCT person_id FROM devices WHERE person_id IN {ids};

-- name: device_used(device_id, now)!
-- A device has just approved something.
UPDATE devices SET used_at = :now WHERE id = :device_id;

-- name: pin_given(person_id, now)!
-- A person has just given the right PIN.
UPDATE devices SET pin_at = :now WHERE person_id = :person_id;

-- name: drop_device(device_id)!
-- Forgets a device.
DELETE FROM devices WHERE id = :device_id;

-- name: drop_devices(person_id)!
-- Forgets all of a person's devices.
DELETE FROM devices WHERE person_id = :person_id;
