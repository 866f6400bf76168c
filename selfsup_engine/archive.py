"""A run as one file, to take along or to pass on: a zip of what it takes to look at it, explore it and score it.

What comes in is checked before a byte of it is kept: names from a short list, sizes, run.json by pydantic, weights and exhibit as
safetensors of exactly the shapes that the config asks for. Nothing is unpickled.
"""

import io
import lzma
import re
import zipfile
import zlib
from pathlib import Path

from selfsup_engine import files
from selfsup_engine.errors import UserError
from selfsup_engine.exhibit import FILE as EXHIBIT
from selfsup_engine.exhibit import read as read_exhibit
from selfsup_engine.images import open_image
from selfsup_engine.models.saved import WEIGHTS, load_model
from selfsup_engine.models.spec import Encodes, check_config
from selfsup_engine.runs import Library, RunFolder

MEMBERS = re.compile(
    r"run\.json|weights\.safetensors|exhibit\.safetensors|cover\.png|events\.jsonl|previews/\d{8}-[a-z]{1,20}\.png"
)
NEEDED = {"run.json", WEIGHTS, EXHIBIT, "cover.png"}
MAX_BYTES = 300_000_000  # unpacked; every preset's run is under a tenth of it
MAX_MEMBERS = 2_000


def export(folder: RunFolder) -> bytes:
    """The finished run as a zip.

    Raises:
        UserError: there is no finished model in it yet.
    """
    if not folder.usable:
        raise UserError(f"{folder.name} has no finished model yet. Let it finish, or stop it, then download it.")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.path.rglob("*")):
            name = path.relative_to(folder.path).as_posix()
            if MEMBERS.fullmatch(name):
                archive.write(path, name)
    return file.getvalue()


def take_in(data: bytes, library: Library) -> RunFolder:
    """Checks a zip made by `export` and puts the run into the library.

    Raises:
        UserError: it is no such zip, or anything in it does not fit. The library is then as it was.
    """
    with files.told(library.root), files.workplace(library.root) as place:
        checked = RunFolder(place / "uploaded-run")
        _unpack(data, checked.path)
        run = checked.run
        if run.result is None:
            raise UserError(
                "This file holds a run that was never finished. Download it again once it has been trained."
            )
        _check_together(checked)
        open_image(checked.file("cover.png"))
        for picture in checked.path.glob("previews/*.png"):
            open_image(picture)
        if checked.status().state not in ("done", "stopped"):  # a history that does not end so is not this model's
            checked.file("events.jsonl").unlink()
        return RunFolder(checked.path.rename(library.free_path(run)))


def _check_together(folder: RunFolder) -> None:
    """Weights, exhibit and run.json fit each other.

    Raises:
        UserError: they do not.
    """
    run, model, kept = folder.run, load_model(folder), read_exhibit(folder.path)
    config = check_config(run.family, run.config)
    fits = kept.images.shape[1:] == (config.channels, config.size, config.size)
    fits = fits and (not isinstance(model, Encodes) or kept.codes.shape[1] == model.code_size)
    if kept.labels is not None and run.result is not None:
        fits = fits and bool(((kept.labels >= 0) & (kept.labels < len(run.result.classes))).all())
    if not fits or not all(bool(tensor.isfinite().all()) for tensor in model.state_dict().values()):
        raise UserError("The weights and the test images in this file do not belong together. It was refused.")


def _unpack(data: bytes, place: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            strange = sorted(name for name in names if not MEMBERS.fullmatch(name))
            if strange or not names >= NEEDED:
                raise UserError(
                    "This zip is not a model of Selfsup Studio's. Upload a file that the library's Download gave."
                )
            if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_BYTES:
                raise UserError(
                    f"This file unpacks to more than {MAX_BYTES // 1_000_000} MB; so large a model is not taken in."
                )
            for member in members:
                target = place / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source:
                    content = source.read(member.file_size + 1)
                if len(content) != member.file_size:
                    raise UserError("This zip lies about its sizes. It was refused.")
                target.write_bytes(content)
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, UnicodeDecodeError,
        NotImplementedError, RuntimeError, EOFError, OSError,
    ) as error:  # fmt: skip
        if isinstance(error, OSError) and error.errno in files.FULL | files.LOCKED:
            raise  # the zip is not to blame
        raise UserError(
            "This file is not a zip, or it is damaged. Download it from the library again, and upload that."
        ) from error
