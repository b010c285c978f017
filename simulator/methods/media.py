"""Methods for pictures and documents."""

from __future__ import annotations

from typing import Any

from simulator.calls import Call, Upload, method
from simulator.errors import bad_request
from simulator.files import LARGEST_DOWNLOAD_BYTES, StoredFile
from simulator.methods.sending import send_to_one_or_all
from simulator.people import Json


@method("sendPhoto")
def send_photo(call: Call) -> Json:
    """Sends a picture."""
    chat = call.open_chat()
    photo = media_file(call, "photo", call.params.get("photo"))
    content: Json = {"photo": [photo.photo_size()], **call.formatted_caption()}
    if call.flag("has_spoiler"):
        content["has_media_spoiler"] = True
    if content.get("caption") and call.flag("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return send_to_one_or_all(call, chat, content)


@method("sendDocument")
def send_document(call: Call) -> Json:
    """Sends a file."""
    chat = call.open_chat()
    document = media_file(call, "document", call.params.get("document"))
    content = {"document": document.document(), **call.formatted_caption()}
    return send_to_one_or_all(call, chat, content)


def media_file(call: Call, kind: str, given: Any) -> StoredFile:
    """The file that a parameter names: uploaded with the call, or sent before.

    Args:
        call: the call.
        kind: "photo" or "document"; also the field in which a file is uploaded.
        given: the parameter's value: nothing, `attach://<field>`, a file id, or an address.

    Raises:
        ApiError: there is no such file, or it is not of this kind.
    """
    name = str(given or "")
    field = name.removeprefix("attach://") if name.startswith("attach://") else kind
    upload = call.uploads.get(field)
    if upload is not None:
        return _keep(call, kind, upload)
    if not name or name.startswith("attach://"):
        raise bad_request(f"there is no {kind} in the request")
    if name.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    file = call.world.files.by_id(name)
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if kind == "photo" and not file.width:
        raise bad_request("can't use file of type Document as Photo")
    return file


def _keep(call: Call, kind: str, upload: Upload) -> StoredFile:
    if kind == "photo":
        return call.world.files.add_photo(upload.content)
    return call.world.files.add_document(upload.content, upload.name, upload.mime_type)


@method("getFile")
def get_file(call: Call) -> Json:
    """Says where a file can be downloaded."""
    if not call.has("file_id"):
        raise bad_request("file_id not specified")
    file = call.world.files.by_id(call.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    if len(file.content) > LARGEST_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": file.id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.content),
        "file_path": file.path,
    }
