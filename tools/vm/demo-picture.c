// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws a picture that is the same wherever it is drawn: on a framebuffer of 32
 * bits a pixel, or as a PPM file to compare a photo of that framebuffer with
 *
 * usage: demo-picture fb DEVICE
 *        demo-picture ppm WIDTH HEIGHT
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/fb.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* 5 columns of 7 rows a letter, the upper row in bit 0 */
#define FONT_WIDTH	5
#define FONT_HEIGHT	7

static const struct {
	char letter;
	uint8_t columns[FONT_WIDTH];
} font[] = {
	{ 'a', { 0x20, 0x54, 0x54, 0x54, 0x78 } },
	{ 'd', { 0x38, 0x44, 0x44, 0x48, 0x7f } },
	{ 'e', { 0x38, 0x54, 0x54, 0x54, 0x18 } },
	{ 'i', { 0x00, 0x44, 0x7d, 0x40, 0x00 } },
	{ 'm', { 0x7c, 0x04, 0x18, 0x04, 0x78 } },
	{ 't', { 0x04, 0x3f, 0x44, 0x40, 0x20 } },
	{ 'v', { 0x1c, 0x20, 0x40, 0x20, 0x1c } },
	{ 'c', { 0x38, 0x44, 0x44, 0x44, 0x20 } },
	{ 's', { 0x48, 0x54, 0x54, 0x54, 0x20 } },
};

static const char text[] = "mediated devices";

static uint32_t rgb(unsigned int red, unsigned int green, unsigned int blue)
{
	return (red & 0xff) << 16 | (green & 0xff) << 8 | (blue & 0xff);
}

static int letter_has(char letter, unsigned int column, unsigned int row)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(font); i++)
		if (font[i].letter == letter)
			return font[i].columns[column] >> row & 1;
	return 0;
}

/* Is there text at this place? It takes 4/5 of the width. */
static int text_at(int x, int y, int width, int height)
{
	const int columns = strlen(text) * (FONT_WIDTH + 1);
	const int dot = width * 4 / 5 / columns;
	const int left = (width - columns * dot) / 2;
	const int top = height / 2 - FONT_HEIGHT * dot / 2;
	int column = (x - left) / dot, row = (y - top) / dot;

	if (x < left || y < top || column >= columns || row >= FONT_HEIGHT ||
	    column % (FONT_WIDTH + 1) == FONT_WIDTH)
		return 0;
	return letter_has(text[column / (FONT_WIDTH + 1)],
			  column % (FONT_WIDTH + 1), row);
}

/* The eight colors of a test picture, from white to black */
static uint32_t bars(int x, int width)
{
	int bar = 7 - x * 8 / width;

	return rgb(bar & 2 ? 0xff : 0, bar & 4 ? 0xff : 0, bar & 1 ? 0xff : 0);
}

/* Ramps of red, green, blue and gray, one below the other */
static uint32_t ramps(int x, int y, int width, int height)
{
	unsigned int level = x * 256 / width, ramp = y * 4 / height;

	return rgb(ramp == 0 || ramp == 3 ? level : 0,
		   ramp == 1 || ramp == 3 ? level : 0,
		   ramp >= 2 ? level : 0);
}

/* Rings around the middle, closer the further out, on a sky */
static uint32_t rings(int x, int y, int width, int height)
{
	int dx = 2 * x - width, dy = 2 * y - height;
	unsigned int ring = (unsigned int)(dx * dx + dy * dy) /
			    (unsigned int)(height * height / 48 + 1);

	if (ring % 2)
		return rgb(0x10 + 2 * ring, 0x40 + y * 128 / height, 0xa0);
	return rgb(0x08, 0x20 + y * 64 / height, 0x60 + x * 96 / width);
}

static uint32_t pixel(int x, int y, int width, int height)
{
	/* A frame of one pixel shows that no line and no column is missing. */
	if (!x || !y || x == width - 1 || y == height - 1)
		return rgb(0xff, 0xff, 0xff);
	if (text_at(x, y, width, height))
		return rgb(0xff, 0xe0, 0x40);
	if (y < height / 6)
		return bars(x, width);
	if (y >= height * 5 / 6)
		return ramps(x, y - height * 5 / 6, width,
			     height - height * 5 / 6);
	return rings(x, y, width, height);
}

static void draw_ppm(int width, int height)
{
	int x, y;

	printf("P6\n%d %d\n255\n", width, height);
	for (y = 0; y < height; y++) {
		for (x = 0; x < width; x++) {
			uint32_t color = pixel(x, y, width, height);

			putchar(color >> 16);
			putchar(color >> 8);
			putchar(color);
		}
	}
}

static void draw_fb(const char *device)
{
	struct fb_var_screeninfo var;
	struct fb_fix_screeninfo fix;
	int x, y, fd;
	uint8_t *mem;

	fd = open(device, O_RDWR);
	if (fd < 0)
		err(1, "%s", device);
	if (ioctl(fd, FBIOGET_VSCREENINFO, &var) ||
	    ioctl(fd, FBIOGET_FSCREENINFO, &fix))
		err(1, "%s: mode", device);
	if (var.bits_per_pixel != 32)
		errx(1, "%s: %u bits a pixel", device, var.bits_per_pixel);
	mem = mmap(NULL, fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (mem == MAP_FAILED)
		err(1, "%s: mmap", device);

	for (y = 0; y < (int)var.yres; y++) {
		uint32_t *line = (void *)(mem + y * fix.line_length);

		for (x = 0; x < (int)var.xres; x++)
			line[x] = pixel(x, y, var.xres, var.yres);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "fb"))
		draw_fb(argv[2]);
	else if (argc == 4 && !strcmp(argv[1], "ppm"))
		draw_ppm(atoi(argv[2]), atoi(argv[3]));
	else
		errx(1, "usage: demo-picture fb DEVICE | ppm WIDTH HEIGHT");
	return fflush(stdout) ? 1 : 0;
}
