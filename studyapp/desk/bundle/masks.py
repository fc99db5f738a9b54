"""Draw true regions on a bundle's images, one image after the other."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from studyapp import models
from studyapp.access import roles
from studyapp.bundles import masks
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.desk.pages import page_context


def urls(model_admin) -> list:
    """Return the addresses of the pages, below a bundle's."""
    wrap = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/masks/", wrap(_first), name="masks"),
        path("<int:pk>/masks/download/", wrap(_download), name="masks_download"),
        path("<int:pk>/masks/<str:image_id>/", wrap(_page(model_admin)), name="mask"),
        path("<int:pk>/masks/<str:image_id>/png/", wrap(_png), name="mask_png"),
    ]


def _bundle(request: HttpRequest, pk: int) -> models.Bundle:
    record = get_object_or_404(roles.bundles(request.user), pk=pk)
    if not roles.may_draw(request.user, record):
        raise PermissionDenied
    return record


def _first(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to the first image without a mask."""
    record = _bundle(request, pk)
    images, done = list(reader(record).images), masks.drawn(record)
    return redirect("admin:mask", pk, next((name for name in images if name not in done), images[0]))


def _page(model_admin):
    def page(request: HttpRequest, pk: int, image_id: str) -> HttpResponse:
        record = _bundle(request, pk)
        place, image, class_index = _place(request, record, image_id)
        width, height = int(image["width"]), int(image["height"])
        if request.method == "POST":
            try:
                share = masks.save(place, request.body, width, height)
            except ValueError as error:
                return JsonResponse({"error": str(error)}, status=400)
            return JsonResponse({"share": share, "n_drawn": len(masks.drawn(record))})
        bundle, done = reader(record), masks.drawn(record)
        names = list(bundle.images)
        at = names.index(image_id)
        query = f"?class={class_index}" if class_index is not None else ""
        context = {
            **page_context(model_admin, request, f"Masks: {record}", record),
            "image_id": image_id,
            "number": at + 1,
            "n_images": len(names),
            "n_drawn": len(done),
            "labels": (image.get("labels") or "").replace("|", ", "),
            "classes": list(enumerate(masks.classes_of(bundle))),
            "class_index": class_index,
            "previous": reverse("admin:mask", args=[pk, names[at - 1]]) + query,
            "next": reverse("admin:mask", args=[pk, names[(at + 1) % len(names)]]) + query,
            "start": {
                "photograph": stimulus_url(record, image["file"]),
                "mask": reverse("admin:mask_png", args=[pk, image_id]) + query if place.is_file() else None,
                "width": width,
                "height": height,
                "save": reverse("admin:mask", args=[pk, image_id]) + query,
            },
        }
        return TemplateResponse(request, "admin/studyapp/bundle/masks.html", context)

    return page


def _png(request: HttpRequest, pk: int, image_id: str) -> HttpResponse:
    place, _, _ = _place(request, _bundle(request, pk), image_id)
    if not place.is_file():
        raise Http404
    return HttpResponse(place.read_bytes(), content_type="image/png", headers={"Cache-Control": "no-store"})


def _download(request: HttpRequest, pk: int) -> HttpResponse:
    record = _bundle(request, pk)
    disposition = f'attachment; filename="{record.name}-masks.zip"'
    return HttpResponse(
        masks.zipped(record), content_type="application/zip", headers={"Content-Disposition": disposition}
    )


def _place(request: HttpRequest, record: models.Bundle, image_id: str):
    """Return the mask's file, the image's row and the class that `?class=` asks for; 404 for what the bundle lacks."""
    bundle, asked = reader(record), request.GET.get("class", "")
    if asked and not (asked.isdecimal() and int(asked) < len(masks.classes_of(bundle))):
        raise Http404
    class_index = int(asked) if asked else None
    try:
        return masks.path_of(record, image_id, class_index), bundle.images[image_id], class_index
    except KeyError:
        raise Http404 from None
