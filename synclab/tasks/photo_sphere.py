"""GPano metadata, by which photo viewers open a panorama as a sphere to look around in.

Google's Photo Sphere XMP: https://developers.google.com/streetview/spherical-metadata
"""

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"
   GPano:UsePanoramaViewer="True"
   GPano:ProjectionType="equirectangular"
   GPano:FullPanoWidthPixels="{width}"
   GPano:FullPanoHeightPixels="{height}"
   GPano:CroppedAreaImageWidthPixels="{width}"
   GPano:CroppedAreaImageHeightPixels="{height}"
   GPano:CroppedAreaLeftPixels="0"
   GPano:CroppedAreaTopPixels="0"/>
 </rdf:RDF>
</x:xmpmeta>"""


def photo_sphere(height: int, width: int) -> str:
    """The XMP packet of an equirectangular picture of the whole sphere, sizes in pixels."""
    return XMP.format(height=height, width=width)
