"""Uploaded files, kept in memory."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from simulator.errors import bad_request
from simulator.people import Json

LARGEST_PHOTO_BYTES = 10 * 1024 * 1024
LARGEST_DOWNLOAD_BYTES = 20 * 1024 * 1024
LARGEST_UPLOAD_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file and how Telegram describes it."""

    id: str
    unique_id: str
    path: str
    content: bytes
    name: str
    mime_type: str
    width: int = 0
    height: int = 0

    def photo_size(self) -> Json:
        """The Bot API's PhotoSize."""
        return {
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "width": self.width,
            "height": self.height,
            "file_size": len(self.content),
        }

    def document(self) -> Json:
        """The Bot API's Document."""
        return {
            "file_id": self.id,
            "file_unique_id": self.unique_id,
            "file_name": self.name,
            "mime_type": self.mime_type,
            "file_size": len(self.content),
        }


class Files:
    """All files there are, found by id or by path."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}

    def add_photo(self, content: bytes) -> StoredFile:
        """Keeps a picture.

        Raises:
            ApiError: it is no picture, or one of a size Telegram does not take.
        """
        if len(content) > LARGEST_PHOTO_BYTES:
            raise bad_request("file is too big")
        try:
            with Image.open(io.BytesIO(content)) as image:
                (width, height), kind = image.size, (image.format or "PNG").lower()
        except (UnidentifiedImageError, OSError) as error:
            raise bad_request("IMAGE_PROCESS_FAILED") from error
        if width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        extension = "jpg" if kind == "jpeg" else kind
        return self._keep(content, "photos", f"file.{extension}", f"image/{kind}", width, height)

    def add_document(self, content: bytes, name: str, mime_type: str) -> StoredFile:
        """Keeps a file of any kind.

        Raises:
            ApiError: it is empty or too big.
        """
        if not content:
            raise bad_request("file must be non-empty")
        if len(content) > LARGEST_UPLOAD_BYTES:
            raise bad_request("file is too big")
        return self._keep(content, "documents", name, mime_type)

    def by_id(self, file_id: str) -> StoredFile | None:
        """The file with this id."""
        return self._by_id.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        """The file at this path."""
        return self._by_path.get(path)

    def _keep(
        self,
        content: bytes,
        folder: str,
        name: str,
        mime_type: str,
        width: int = 0,
        height: int = 0,
    ) -> StoredFile:
        digest = hashlib.sha256(content).hexdigest()[:12]
        number = len(self._by_id)
        extension = name.rpartition(".")[2] if "." in name else "bin"
        file = StoredFile(
            id=f"AgAC{digest}{number:06d}",
            unique_id=f"AQ{digest}",
            path=f"{folder}/file_{number}.{extension}",
            content=content,
            name=name,
            mime_type=mime_type,
            width=width,
            height=height,
        )
        self._by_id[file.id] = file
        self._by_path[file.path] = file
        return file
